package local

import "testing"

// TestStems has inflections of one word a line, as texts fold them.
func TestStems(t *testing.T) {
	for language, lines := range map[string][][]string{
		"en": {{"contract", "contracts", "contracted"}, {"dredging", "dredged"}},
		"de": {{"vertrag", "vertrage", "vertragen", "vertrages"}, {"haus", "hauser", "hausern"}, {"hafen", "hafens"}},
		"fr": {{"contrat", "contrats"}, {"decision", "decisions"}, {"donnee", "donnees"}, {"qualite", "qualites"}},
		"es": {{"contrato", "contratos"}, {"contratacion", "contrataciones"}, {"decision", "decisiones"}},
		"it": {{"contratto", "contratti"}, {"decisione", "decisioni"}},
		"pt": {{"contrato", "contratos"}, {"decisao", "decisoes"}, {"reuniao", "reunioes"}, {"licitacao", "licitacoes"}, {"responsavel", "responsaveis"}},
		"nl": {{"contract", "contracten"}, {"boot", "boten"}},
		"sv": {{"hamn", "hamnen", "hamnar"}},
		"da": {{"kontrakt", "kontrakten", "kontrakter"}},
		"nb": {{"kontrakt", "kontrakten", "kontrakter"}},
		"fi": {{"kaupunki", "kaupunkia"}, {"satama", "satamassa", "satamasta"}},
		"ru": {{"договор", "договора", "договоров", "договорами"}, {"портовыи", "портовая", "портового"}, {"contract", "contracts"}},
		"pl": {{"contract", "contracts"}},
	} {
		number := languageNumber[language]
		if number == 0 && language != "en" && language != "pl" {
			t.Errorf("%s has no number", language)
		}
		for _, words := range lines {
			want := stem(words[0], number)
			for _, w := range words[1:] {
				if got := stem(w, number); got != want {
					t.Errorf("%s: %s becomes %s, %s becomes %s", language, words[0], want, w, got)
				}
			}
		}
	}
}

// FuzzStem makes sure that a stem is a word that folding leaves alone, whatever
// the word is.
func FuzzStem(f *testing.F) {
	for _, w := range []string{"vertragen", "cao", "ees", "ый", "яяя", "ss", "coes", "ingly"} {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range foldedWords(text) {
			for l := range languages {
				s := stem(w, l)
				if again := foldedWords(w); len(again) == 1 && again[0] == w && (len(foldedWords(s)) != 1 || foldedWords(s)[0] != s) {
					t.Errorf("%q becomes %q in %s", w, s, languages[l].codes)
				}
				if s == "" || s[0] != w[0] {
					t.Errorf("%q becomes %q in %s: it begins otherwise", w, s, languages[l].codes)
				}
			}
		}
	})
}
