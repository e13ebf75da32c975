package indextest

import (
	"slices"
	"testing"

	"candor/internal/query"
)

// treaty says the same in two languages.
func treaty() query.Document {
	english := "Ships at anchorages near the quays shall answer.\n"
	return query.Document{Num: 8, Language: "en", Text: english + "Les navires aux mouillages de la quai doivent répondre.",
		Tongues: []query.Tongue{{At: 0, Language: "en"}, {At: len(english), Language: "fr"}}}
}

// testLanguages finds inflections by the language of each item, alone and in
// phrases, whatever other languages the index holds.
func testLanguages(t *testing.T, x Index) {
	docs := []query.Document{
		{Num: 1, Language: "de", Text: "Die Häuser am Hafen wurden nach langen Verträgen verkauft.", Title: "Hafenhäuser", People: []string{"Anna Häuser"}},
		{Num: 2, Language: "fr", Text: "Les données des contrats municipaux ont été publiées.", Title: "Contrats"},
		{Num: 3, Language: "es", Text: "Las contrataciones del puerto y sus decisiones."},
		{Num: 4, Language: "ru", Text: "Список договоров о портовой охране и contracts."},
		{Num: 5, Language: "en", Text: "The houses at the harbour were sold under contracts."},
		{Num: 6, Text: "Haus und Hafen, contract."},
		{Num: 7, Language: "pt", Text: "As decisões sobre as licitações."},
		treaty(),
	}
	put(t, x, docs[:3])
	put(t, x, docs[3:])
	for q, want := range map[string][]uint32{
		"Haus":                        {1, 6}, // of 6 no language is known
		"text:Hauses":                 {1, 6}, // as English too
		"=Häuser":                     {1},
		"=Hauses":                     {},
		"people:Haus":                 {},
		"people:Häuser":               {1},
		"Vertrag":                     {1},
		"donnée":                      {2},
		"contrat":                     {2, 3}, // Spanish has that stem too
		"contract":                    {4, 5, 6},
		"contratación":                {3},
		"договор":                     {4},
		"портовые":                    {4},
		"licitação":                   {7},
		"decisão":                     {7},
		"house":                       {5},
		`"lange Vertrag"`:             {1},
		`"données des contrat"`:       {2},
		"text:(Haus NEAR/5 Vertrag)":  {},
		"text:(Haus NEAR/7 Vertrag)":  {1},
		`"house at the harbours"`:     {5},
		"Haus OR house":               {1, 5, 6},
		"Haus -Vertrag":               {6},
		"quay":                        {8}, // once as English, once as French would inflect it
		"mouillage":                   {8},
		`"mouillage de la quai"`:      {8},
		`"ship at anchorage"`:         {8},
		"language:fr":                 {2, 8},
		"language:en":                 {5, 8},
		"=mouillages":                 {8},
		"mouill*":                     {8},
		"vertr*":                      {1},
		"häu?er":                      {1},
		"haeuser~1":                   {1},
		`"Haus am Hafen" OR contrats`: {1, 2},
	} {
		if got := nums(search(t, x, query.Request{Query: parse(t, q), Limit: 10})); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", q, got, want)
		}
	}
	for q, want := range map[string]string{"Vertrag": "Verträgen", "договор": "договоров", "licitação": "licitações", "house": "houses", "mouillage": "mouillages", "anchorage": "anchorages", `"mouillage de la quai"`: "mouillages"} {
		res := search(t, x, query.Request{Query: parse(t, q), Limit: 1, Snippets: true})
		if len(res.Hits) == 0 || len(res.Hits[0].Snippets) == 0 || len(res.Hits[0].Snippets[0].Marks) == 0 {
			t.Errorf("%s: nothing is marked", q)
			continue
		}
		s := res.Hits[0].Snippets[0]
		if got := s.Text[s.Marks[0].Start:s.Marks[0].End]; got != want {
			t.Errorf("%s marks %q, want %q", q, got, want)
		}
	}
}
