package language

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/abadojack/whatlanggo"
)

// minutes say much the same in each language.
var minutes = map[string]string{
	"en": "The harbour board met on Monday and heard that the quay would have to be closed, because it was no longer safe for the ships which are there every day.",
	"de": "Der Hafenrat ist am Montag zusammengekommen und hat gehört, dass der Kai geschlossen werden muss, weil er für die Schiffe, die dort liegen, nicht mehr sicher ist.",
	"fr": "Le conseil du port s'est réuni lundi et a appris que le quai devait être fermé, parce qu'il n'est plus sûr pour les navires qui sont dans le port tous les jours.",
	"es": "El consejo del puerto se reunió el lunes y supo que el muelle tiene que cerrarse, porque ya no es seguro para los barcos que están en él todos los días.",
	"it": "Il consiglio del porto si è riunito lunedì e ha saputo che la banchina deve essere chiusa, perché non è più sicura per le navi che sono nel porto ogni giorno.",
	"pt": "O conselho do porto reuniu-se na segunda-feira e soube que o cais tem de ser fechado, porque já não é seguro para os navios que estão no porto todos os dias.",
	"nl": "De havenraad kwam op maandag bijeen en hoorde dat de kade gesloten moet worden, omdat zij niet meer veilig is voor de schepen die er elke dag liggen.",
	"sv": "Hamnstyrelsen möttes på måndagen och fick veta att kajen måste stängas, eftersom den inte längre är säker för de fartyg som ligger där varje dag.",
	"pl": "Rada portu zebrała się w poniedziałek i dowiedziała się, że nabrzeże musi być zamknięte, ponieważ nie jest już bezpieczne dla statków, które są tam na co dzień.",
	"ru": "Совет порта собрался в понедельник и узнал, что причал надо закрыть, так как он больше не безопасен для судов, которые стоят у него каждый день, и это не всё.",
	"uk": "Рада порту зібралася в понеділок і дізналася, що причал треба закрити, бо він уже не безпечний для суден, які стоять біля нього, та й для людей також.",
	"el": "Το συμβούλιο του λιμανιού συνεδρίασε τη Δευτέρα και έμαθε ότι η αποβάθρα πρέπει να κλείσει, επειδή δεν είναι πια ασφαλής.",
	"ar": "اجتمع مجلس الميناء يوم الاثنين وعلم أن الرصيف يجب أن يغلق، لأنه لم يعد آمنا على السفن التي ترسو فيه كل يوم، وقد كان ذلك في وقت متأخر من المساء.",
	"ja": "港湾委員会は月曜日に開かれ、岸壁がもはや船にとって安全ではないため、閉鎖しなければならないと知らされました。船は毎日そこに停泊しています。この件については来月もう一度話し合うことになりました。",
	"zh": "港口委员会星期一开会，得知码头必须关闭，因为对于每天停靠在那里的船只来说，它已经不再安全了。委员会决定下个月再次讨论此事，并请专家提交一份关于修复费用的详细报告，以便在年底之前作出决定。",
	"ko": "항만 위원회는 월요일에 모여 부두가 더 이상 매일 그곳에 머무는 배들에게 안전하지 않기 때문에 폐쇄되어야 한다는 것을 들었습니다. 다음 달에 다시 논의하기로 했습니다. 비용도 함께 논의합니다.",
}

func TestOf(t *testing.T) {
	for want, text := range minutes {
		if got := Of(text); got != want {
			t.Errorf("%.40s: %q, want %s", text, got, want)
		}
	}
	for _, none := range []string{"", "The quay is closed.", strings.Repeat("0x1f 42 17.5\n", 300), strings.Repeat("\xff\xfe", 500)} {
		if got := Of(none); got != "" {
			t.Errorf("%.30q: %s", none, got)
		}
	}
}

func TestOfOtherLanguages(t *testing.T) { // which only the library knows
	swahili := "Bodi ya bandari ilikutana siku ya Jumatatu na kuambiwa kwamba gati lazima lifungwe, kwa sababu si salama tena kwa meli ambazo hukaa hapo kila siku."
	if got := Of(swahili); got == "en" || got == "de" {
		t.Errorf("Swahili is taken for %q", got)
	}
	if got := Of("Ang lahat ng tao ay isinilang na malaya at pantay-pantay sa karangalan at mga karapatan. Sila ay pinagkalooban ng katwiran at budhi at dapat magpalagayan ang isa't isa sa diwa ng pagkakapatiran."); got != "tl" {
		t.Errorf("Tagalog is taken for %q", got)
	}
}

func TestPassages(t *testing.T) {
	page := func(language string) string { return strings.Repeat(minutes[language]+"\n", 6) }
	text := page("en") + page("fr") + "\f" + page("ru") + page("en")
	got := Passages(text, "en")
	var names []string
	for _, p := range got {
		names = append(names, p.Language)
	}
	if strings.Join(names, " ") != "en fr ru en" || got[0].At != 0 {
		t.Fatalf("%v", got)
	}
	for i, begin := range []int{0, len(page("en")), len(page("en") + page("fr")), len(page("en") + page("fr") + "\f" + page("ru"))} {
		if off := got[i].At - begin; off < -2*pieceSize || off > 2*pieceSize {
			t.Errorf("%s begins at %d, want about %d", got[i].Language, got[i].At, begin)
		}
		if !utf8.RuneStart(text[got[i].At]) {
			t.Errorf("%s begins inside of a character", got[i].Language)
		}
	}
	for _, one := range []string{"", page("de"), "short"} {
		if got := Passages(one, "de"); got != nil {
			t.Errorf("%.20q is divided: %v", one, got)
		}
	}
	if got := Passages(page("fr"), "en"); len(got) != 1 || got[0] != (Passage{0, "fr"}) {
		t.Errorf("a text that is not in what it mostly is: %v", got)
	}
}

// BenchmarkOf tells the language of 4 kB by their small words.
func BenchmarkOf(b *testing.B) {
	text := strings.Repeat(minutes["en"]+"\n", 30)[:sampleSize]
	b.SetBytes(sampleSize)
	for b.Loop() {
		Of(text)
	}
}

// BenchmarkSequences does so by sequences of letters.
func BenchmarkSequences(b *testing.B) {
	text := strings.Repeat(minutes["en"]+"\n", 30)[:sampleSize]
	b.SetBytes(sampleSize)
	for b.Loop() {
		whatlanggo.Detect(text)
	}
}

func FuzzPassages(f *testing.F) {
	f.Add(minutes["en"]+minutes["zh"], "en")
	f.Add(strings.Repeat("\xe4", 2000), "")
	f.Fuzz(func(t *testing.T, text, mostly string) {
		last := -1
		for _, p := range Passages(text, mostly) {
			if p.At <= last || p.At > len(text) {
				t.Fatalf("a passage at %d after %d of %d", p.At, last, len(text))
			}
			last = p.At
		}
		Of(text)
	})
}
