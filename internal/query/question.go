package query

import (
	"strings"

	"candor"
)

// Answer is what a model says to a question. No sentence: it says nothing that
// rests on a passage.
type Answer struct {
	Sentences []Sentence
	Dropped   int // sentences that named no passage they rest on, and were left out
}

// Sentence is one sentence of an answer.
type Sentence struct {
	Text     string
	Passages []int // that it rests on, from 1
}

// maxQuestion is how many different words of a question are looked for.
const maxQuestion = 24

// asking lists words that say how something is asked, and not what about, in
// English, German, French and Spanish.
const asking = " a an and are as at be been by can could did do does for from had has have how i in is it its me my of on or our shall " +
	"should tell that the their them there they this to us was we were what when where which who whom whose why will with would you your " +
	"aber als an auf aus bei das dass dem den der des die ein eine einem einen einer er es fur hat hatte ich im in ist mit nach oder sich " +
	"sie sind und von vor wann war waren warum was wem wen wer werden wie wir wird wo zu zum zur " +
	"au aux avec ce ces dans de des du elle en est et il ils je la le les leur mais nous ou par pas pour pourquoi qu quand que quel " +
	"quelle qui sa se ses son sont sur un une vous comment " +
	"al como con cual cuando de del donde el ella en es esta este fue la las lo los o para pero por que quien se su un una y "

// Question reads a question as what it is about: any of its words but those that
// only ask. It knows no operators, so that everything can be asked. Invalid if
// no word is left.
func Question(text string) (Node, error) {
	var of []Node
	seen := map[string]bool{}
	for _, t := range Tokens(text) {
		word := t.Text
		if seen[word] || strings.Contains(asking, " "+word+" ") || len(of) == maxQuestion {
			continue
		}
		seen[word] = true
		of = append(of, Word{Text: word})
	}
	if len(of) == 0 {
		return nil, candor.Errorf(candor.Invalid, "The question names nothing to look for. Ask about something: a name, a place, a thing.")
	}
	return Or{Of: of}, nil
}
