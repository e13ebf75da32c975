package entities

import "strings"

// set is a set of words given with blanks between.
func set(words ...string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(strings.Join(words, " ")) {
		all[w] = true
	}
	return all
}

// titles stand before a person's name, in small letters.
var titles = set(
	"mr mrs ms miss mx dr prof professor sir dame lord lady judge justice president chancellor minister senator governor mayor",
	"captain capt colonel col general gen lieutenant lt major sergeant sgt inspector detective officer father rev reverend sister",
	"herr frau fräulein präsident präsidentin bundeskanzler bundeskanzlerin ministerin bürgermeister bürgermeisterin richter richterin",
	"monsieur madame mademoiselle mme mlle maître señor señora sr sra don doña signor signora sig dott dottoressa ing",
	"senhor senhora meneer mevrouw dhr mevr hr fru", "pope king queen prince princess imam sheikh rabbi ambassador")

// corporate are legal forms, which end the name of a company.
var corporate = set("ltd limited inc incorporated corp corporation llc llp plc gmbh ag kg ohg mbh ug e.v sa s.a sas s.a.s sarl s.à.r.l spa s.p.a srl s.r.l",
	"bv b.v nv n.v oy oyj ab a/s aps kft zrt d.o.o a.s s.r.o pty co sl s.l lda ltda ltée gbr")

// bodies say what kind of body an organisation is, folded.
var bodies = set("university college school academy institute ministry department council committee commission agency bureau office authority board",
	"bank foundation association society federation union party league court tribunal parliament senate congress assembly police army navy",
	"company group holdings trust fund hospital clinic church museum library times herald tribune gazette news press airlines airways",
	"club united partners industries services systems laboratories organisation organization confederation directorate inspectorate secretariat centre center",
	"universitat hochschule ministerium bundesministerium landesamt bundesamt amt stiftung verein verband gewerkschaft partei gericht landgericht",
	"amtsgericht bundesgerichtshof bundestag landtag senat polizei krankenhaus klinik museum bibliothek sparkasse rundfunk zeitung",
	"universite ecole ministere departement conseil comite commission agence banque fondation societe syndicat parti tribunal cour police hopital",
	"universidad escuela ministerio departamento consejo comite comision agencia banco fundacion asociacion sociedad sindicato partido corte policia",
	"universita scuola ministero dipartimento consiglio comitato agenzia banca fondazione associazione sindacato partito tribunale polizia",
	"universidade escola ministerio conselho fundacao associacao sindicato universiteit gemeente stichting vereniging vakbond partij rechtbank politie")

// of joins a kind of body and what it is of.
var of = set("of for für der des de la du di del della dello dei degli den the das do da van voor och")

// joins are words in small letters that can stand inside a name.
var joins = set("of for für der des de la du di del della dello dei degli den das do da van von voor och and und et the y e zu zur ibn bin bint al el ter ten dos le")

// particles stand before a surname, in small letters.
var particles = set("de la du di del della da dos van von ibn bin bint al el ter ten")

// articled stand behind a particle.
var articled = set("der den la las los le")

// saints are short forms inside the names of places, with a dot behind them.
var saints = set("st ste mt ft pt")

// articles begin sentences, not names.
var articles = set("the a an this that these those our my your his her its their some any no all both each every when while if in on at by from to with",
	"der die das dem den des ein eine einer eines im am zum zur sein seine seiner ihr ihre die le la les un une el los las una il lo gli i het een")

// months and days are capitalised in some languages and name nobody.
var months = set("january february march april may june july august september october november december monday tuesday wednesday thursday friday",
	"saturday sunday januar februar marz mai juni juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag sonntag sonnabend")

// regions are places that lists of countries and towns do not have.
var regions = []string{
	"Britain", "Great Britain", "UK", "USA", "U.S.", "U.S.A.", "U.K.", "Bosnia", "Yugoslavia", "Chechnya", "Soviet Union", "Russian Federation",
	"Czech Republic", "West Bank", "Gaza Strip", "Middle East", "Balkans", "Scandinavia", "Catalonia", "Tibet", "Crimea", "Europe", "Africa", "Asia",
}

// wellKnown are organisations that go by their letters.
var wellKnown = set("UN EU NATO WHO IMF UNESCO UNICEF UNHCR OECD OSCE OPEC ASEAN WTO FIFA UEFA IOC FBI CIA NSA BBC CNN Interpol Europol Frontex Reuters",
	"Greenpeace Amnesty Google Microsoft Amazon Facebook Apple Palantir IBM SPD CDU CSU FDP AfD ARD ZDF DGB BMW SAP")

// large are places that are first of all places, though people bear their names.
var large = set("london paris berlin madrid rome milan vienna moscow kiev kyiv sydney houston dallas austin boston chicago florence geneva victoria",
	"santiago cairo lagos nairobi delhi lahore karachi tehran baghdad damascus jerusalem athens sofia prague warsaw dublin oslo stockholm helsinki",
	"copenhagen lisbon barcelona valencia hamburg frankfurt cologne munich zurich bern basel manchester liverpool leeds bristol glasgow edinburgh cardiff",
	"belfast washington york texas virginia georgia carolina england scotland wales ireland israel jordan africa europe asia america")
