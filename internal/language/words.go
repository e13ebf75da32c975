package language

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// small are words of little meaning, which every text of a language is full of,
// those first that tell it from its neighbours.
var small = map[string]string{
	"en": `the of and to in is that it for was with as be by are this not or have from they you which but were an has been will would
		their there can its may who what when we he she his her all any shall should these those than about into only other where if must no at`,
	"de": `der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei
		einer um am sind noch wie einem über einen so zum haben nur oder aber vor zur bis mehr durch kann wenn wurde wir ich ihre war unter diese`,
	"fr": `de la le et les des en un une du que est dans qui par pour au sur ne pas plus se ce sont avec il elle ou aux cette son ses leur mais
		nous vous je sa été ont être comme était aussi dont où même entre sans leurs fait ces c'est si peut tout`,
	"es": `de la que el en y los se del las un por con no una su para es al lo como más pero sus le ya o este sí porque esta entre cuando muy
		sin sobre también me hasta hay donde quien desde todo nos durante ha son está fue ser han era según ante ellos e esto ese puede`,
	"it": `di che e il la un a per in una è sono non le si da con i del della dei come più anche ma al lo nel alla delle ha gli su dal nella
		questo questa o essere se stato dalla ai degli sul suo sua loro tra fra ed alle quando cui ogni può hanno dopo dove`,
	"pt": `de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito
		há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas são você ainda pode foram`,
	"nl": `de van het een en in is dat op te zijn voor met die niet aan er om ook als dan maar bij wordt nog uit door naar over heeft hij worden
		tot zou kan deze werd wel meer haar onder geen moet hebben tegen omdat waar dit hun of ze wij ik na zich al mijn`,
	"sv": `och att det i en som på är av för med till den har de inte om ett han men var jag sig från vi så kan när år säger hon under också
		efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra mycket upp denna mellan vilket blir detta dessa`,
	"da": `og i at det er en til af den på for med der som de ikke et han har var jeg men om sig vi fra havde hun kan skal ved være også eller nu
		efter blev hvad når alle op ud hans hvor blive noget mod disse bliver deres siger meget denne efter over sådan mellem`,
	"nb": `og i det som er en til på av for med at den har de ikke om et han var jeg men seg vi fra hadde hun kan skal ved være også eller nå
		etter ble hva når alle opp ut hans hvor bli noe mot disse blir deres sier mye denne over mellom sin mens kunne da må`,
	"fi": `ja on ei että se hän oli ovat mutta kun joka tai myös niin kuin sen ole jos sekä vain jotka mitä ovat hänen ollut nyt sitä mukaan
		voi jo vielä tämä siitä kanssa olla jonka eivät ettei he minä me te sille tämän näin ennen kuitenkin koska muun ne voidaan`,
	"is": `og að í á sem er það um við til ekki var en fyrir með af hann eru hún þess því hefur eða þar einnig frá úr svo verið þegar`,
	"pl": `w i z na się do nie jest że to o a jak za od przez po ale dla są co jego tym był oraz ich może jako który która które przy także
		tak już tylko być czy przed było ze lub jej gdy bardzo więc pod został aby tego ma`,
	"cs": `a se v na je že to s z do o ve i pro si jako ale za k by po od jeho jsem jsou byl který která které už také nebo však není když být
		jen až podle při jak tak bylo tím co nebyl před toho může ze jejich mezi ještě pouze tato`,
	"sk": `a sa v na je že to s z do o vo i pre si ako ale za k by po od jeho som sú bol ktorý ktorá ktoré už aj alebo však nie keď byť len
		až podľa pri tak bolo tým čo pred toho môže zo ich medzi ešte iba táto`,
	"sl": `in je se na v za da so z ki pa ne po s ni bi tudi kot o od pri še do ali ter iz bil kar lahko tem zaradi svoje med sta sem pred bilo
		če kako ob brez samo kjer njegov vse bo`,
	"hr": `i je u se na da su za od s a koji što o do ne će iz kao to bi nije ili te po sa koja koje bio sve samo ali više kako nakon prema već
		kada biti zbog njegov između bila jer još može sam`,
	"hu": `a az és hogy nem is egy ez meg csak már de volt mint el azt ha vagy még van lesz kell ezt amely mert után lehet minden pedig szerint
		között aki ki be majd úgy így volna sem fel ami ezek azok olyan által illetve során`,
	"ro": `de și în a la cu pe din care că nu o un este pentru mai se al ale au fost sau prin să dar după sunt ca le lui cel cea despre între
		fi ce către când fără până acest această toate era ar am doar astfel`,
	"tr": `ve bir bu için ile da de olarak çok daha olan gibi kadar ne sonra en her ama var değil ise o ki mi tarafından ancak olduğu göre
		yok veya hem diye iki ilk olduğunu bütün ben sen biz onun bunun şey içinde üzerinde`,
	"et": `ja on ei et see oli kui ka ta mis aga oma või nii ning kes seda siis veel need olid tema pole mida selle üle ole juba kuid pärast
		ma me saab nende vaid ainult enne`,
	"lv": `un ir no ar uz par ka kas tas vai bet arī kā nav pie tika gada līdz pēc lai tā šo bija viņš to savu tiek būt ja kurš tikai`,
	"lt": `ir yra kad su į iš buvo kaip bet tai jis ar per prie apie nuo jo taip dar tik po kuris bei už jų gali nes arba būti savo`,
	"ca": `de la i el que a les en els del un per amb una és no al dels com va més es s'ha són però seu seva també aquest aquesta ser
		o han entre fins on quan sense ja havia molt`,
	"eu": `eta da ez du bat dira izan zen ere dute baina edo egin den zuen dela bere beste hori bai gabe hau zituen diren`,
	"id": `yang dan di dengan untuk dari dalam ini itu pada tidak ada akan adalah oleh juga ke atau sebagai karena telah dapat bisa mereka
		lebih saya kami saat tersebut bahwa seperti sudah harus hanya masih antara`,
	"vi": `và của là có được trong cho không các với một người những này đã khi từ đến để về cũng như theo vào ra thì phải năm nhiều tại
		nhưng sẽ trên đó hay bị`,
	"sq": `dhe të në për me që një nga është nuk se ka u si më ai kjo ishte por janë edhe do duke ajo mund tij kanë`,
	"cy": `y yn a i o yr ar ei mae wedi am gan fod oedd fel hefyd ond gyda bod mewn nid eu sydd neu cael hyn`,
	"eo": `la de kaj en estas al ne por kun ke li mi ĝi por sed pri tio ili oni kiel kiu estis aŭ ĉi pli nur el da`,

	"ru": `и в не на что с по как это а из к но он за у от же его для то так все о было бы или мы был только если когда при чтобы она также
		еще быть их который были может до во со после можно их этого вы есть`,
	"uk": `і в не на що з та у до як це за від для його але був які або про він також є при так бути її вже щоб якщо було зі під між який
		після може можна вони ви лише через цього`,
	"bg": `и на да в се от за не е са с по че като до но как ще при след която който които има или най през би беше си ни този това може
		тази са така му бъде само още когато`,
	"sr": `и је у се на да су за од са а који што о до не ће из као то би није или те по која које био све само али више како након према већ
		када бити због његов између била јер`,
	"mk": `и на во да се од за не е со што ги го по кој која кои но како ќе до или при може била беше тоа овој оваа само сите`,
	"be": `і ў не на што з у да як гэта за ад для яго але быў якія або пра ён таксама пры так быць яе ўжо каб калі было паміж які пасля`,

	"ar": `في من على إلى أن التي عن هذا كان الذي مع هذه ما لا بين كل قد كما أو بعد ذلك لم وقد وفي ومن غير حيث كانت أي تم إن عند قبل`,
	"fa": `و در به از که این را با است برای آن یک بر تا شد شده می خود های بود کرد نیز هم اما باید آنها ها دارد کند هر یا`,
	"ur": `کے میں کی ہے اور سے کا کو اس پر نے کہ ہیں یہ بھی تھا ایک نہیں کر تھے جو وہ گیا ان کیا تو ہو لئے`,
}

// lexicon is small, turned round.
type lexicon struct {
	codes []string          // the languages, by number
	of    map[string]uint64 // for each small word the languages that have it, a bit each
}

var known = sync.OnceValue(func() lexicon {
	l := lexicon{slices.Sorted(maps.Keys(small)), map[string]uint64{}}
	for i, code := range l.codes {
		for w := range strings.FieldsSeq(small[code]) {
			l.of[w] |= 1 << i
		}
	}
	return l
})
