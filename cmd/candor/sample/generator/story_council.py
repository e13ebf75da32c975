"""Minutes, agendas and papers of the invented city council of Port Ostrane."""

MINUTES_2019_03 = """
# Minutes of the City Council

! Held in the Council Chamber, Customs House, Salters' Quay
! Tuesday 12 March 2019, 18:00 to 20:55

! Present: Mayor Helene Tarbrook (in the chair); Councillors Bram Estevane, Lucia Ferrandel, Agnes Quillby, Petra Sandilow and Wilhelm Tarnowell
! In attendance: Tobias Renkvist, Harbour Master; Casimir Adebrook, City Treasurer; Oona Pellworth, City Engineer; Dorothea Vintry, City Clerk
! Apologies: none

## 1. Minutes of the last meeting

The minutes of 12 February 2019 were agreed, after Councillor Quillby had asked that her remark about the public lavatories at the ferry steps be recorded as a question and not as a complaint.

## 2. Dredging of the Eastern Fairway: award of the contract

The Harbour Master reminded members why the matter could not wait for another budget year. The fairway had last been deepened in 1998. Since the winter storms of 2017 the bank at its southern edge had moved some forty metres, and two grain ships had touched bottom on the ebb within the past year. The pilots would no longer bring in a vessel of more than nine metres draught except within an hour of high water. In his words, the city was selling berths it could not reach.

Three tenders were received by the closing date of 15 February 2019. They had been opened in the presence of the Clerk and of Councillor Ferrandel. The evaluation was before members as a spreadsheet.

| Bidder | Price (crowns) | Unit rate per cubic metre | Remarks |
| Tolleby Marine Dredging | 6,839,200 | 16.60 | own dredger and barges; start in May |
| Hollenquist Waterworks | 7,334,000 | 17.80 | start not before August |
| Brandaire and Sons | withdrawn | | letter of 4 March 2019 |

The work is the removal of 412,000 cubic metres of silt, sand and stiff clay so as to leave a depth of 11.5 metres below chart datum from the Lantern Bridge to the outer mole. Spoil is to go to the licensed ground at the Gannet Shoal and nowhere else.

Councillor Tarnowell asked how the city would know what had been dug. The Harbour Master answered that payment would follow the volume measured in place, before and after, by a surveyor whom the contractor did not choose. Tidelode Survey Partners had been named in the tender for that purpose. The contractor's own tally of barge loads would be kept as a check but was not to be the basis of payment.

Councillor Estevane said that he had read many contracts in which the check became the basis as soon as the surveyor was late. He wished it minuted that he had said so.

The Treasurer explained the financing: 4.2 million crowns from the harbour renewal reserve, the rest by a loan over twelve years. Harbour dues would rise by 1.5 per cent in each of three years.

Councillor Sandilow declared that her brother-in-law was employed by Hollenquist Waterworks as a fitter, and took no part in the vote.

RESOLVED, by four votes to none with one abstention (Councillor Estevane): that the tender of Tolleby Marine Dredging be accepted in the sum of 6,839,200 crowns; that the Harbour Master be authorised to sign contract PC-2019-114; and that a report on progress be made to the Harbour Committee each quarter.

## 3. Lantern Bridge: cycle of inspections

The City Engineer reported that the principal inspection of the Lantern Bridge, due every six years, would fall in the spring of 2020. She asked for 64,000 crowns for scaffolding and for ultrasonic testing of the main pins. The bridge had been opened in 1911 and was designed for trams of eleven tonnes, of which none had crossed it since 1956; what crossed it now, more often than members might like to think, was the refuse lorry.

RESOLVED: that 64,000 crowns be set aside in the budget of 2020.

## 4. Fish market roof

Members received a petition with 312 signatures from stallholders about the roof of the fish market, which leaks above stalls 9 to 14. Mr Joris Makepenny spoke for the Fishermen's Association. He had brought a bucket. The Mayor thanked him and asked that the bucket be taken away again.

RESOLVED: that the City Engineer bring estimates in May for repair in lead and for repair in zinc.

## 5. Partnership with Brakensiel

The Mayor reported on the visit of the Bürgermeister of Brakensiel, Mr Enno Harkensee, in February. Both towns have an exposed quay, an old bridge and a tide gauge that is older than the instruments in the capital. It was proposed that the harbour offices exchange their gauge readings each month and that a joint committee meet once a year, the minutes to be kept in the language of the host.

RESOLVED: that the proposal be welcomed.

## 6. Questions from the public

Mrs Edith Corwell, of 14 Lantern Street, asked when the street lamps between the bridge and the chandler's would be lit again. The City Engineer said that the cable had been cut by a contractor in January and that the lamps would be back by the end of the month.

The meeting closed at 20:55.

! Dorothea Vintry
! City Clerk
"""

MINUTES_2020_06 = """
# Minutes of the City Council

! Held in the Council Chamber, Customs House, Salters' Quay
! Tuesday 23 June 2020, 18:00 to 21:20

! Present: Mayor Helene Tarbrook (in the chair); Councillors Bram Estevane, Lucia Ferrandel, Agnes Quillby, Petra Sandilow and Wilhelm Tarnowell
! In attendance: Oona Pellworth, City Engineer; Tobias Renkvist, Harbour Master; Casimir Adebrook, City Treasurer; Dorothea Vintry, City Clerk
! Also present: nine members of the public and a reporter of the Ostrane Courier

## 1. Minutes of the last meeting

Agreed without amendment.

## 2. Lantern Bridge: result of the principal inspection

The City Engineer presented her report of 9 June 2020. Of the twenty-four main pins, twenty-one are in fair or good order. Pins 6 and 19 show wear that should be measured again in two years. Pin 14, at the upstream bearing of the second span, has a fatigue crack with a length of 23 mm running from the edge of the pin into the eye plate. It was seen first by the naked eye, after the paint had been taken off, and then confirmed by ultrasound on two days.

Members asked what a crack of that length meant. Mrs Pellworth said that a crack is not a collapse. The pin carries about a ninth of the load of its span, and the neighbouring pins could take that share in still weather. What she was not ready to promise was that they could take it with a loaded lorry above and a westerly gale on the arches. Cracks of this kind grow slowly, and then they do not.

She therefore asked for three things: a weight restriction of 7.5 tonnes from the coming Friday; a gauge across the crack, read each morning; and the purchase of a new pin with two bearings. The only works known to her that still forges pins of that diameter is Ankermann Stahlbau in Brakensiel. Its quotation was 118,400 crowns, with delivery by 30 November 2020.

Councillor Sandilow asked about the buses. The number 4 weighs eleven tonnes empty. It would have to turn at the chandler's and passengers for the east side would walk across, some three hundred metres. For those who cannot, the City Engineer proposed a shuttle with a small van, every fifteen minutes, at a cost of 5,100 crowns a month.

Councillor Tarnowell asked whether the bridge should not be closed altogether. Mrs Pellworth replied that if she thought so she would have closed it on the ninth and told the Council afterwards.

Mrs Edith Corwell, from the public benches, was allowed a question. Lorries of the grain company had been seen on the bridge after the restriction of 1987, at night, and nobody had been fined. Would anybody be fined now? The Mayor said that two cameras would read the axle weights and that the fines would be real ones.

RESOLVED, with all in favour: that the weight restriction of 7.5 tonnes be put in force from Friday 26 June 2020; that the pin and bearings be ordered from Ankermann Stahlbau in the sum of 118,400 crowns; that the shuttle be run until the restriction is lifted; and that the readings of the gauge be posted each week at both ends of the bridge.

## 3. Dredging: quarterly report

The Harbour Master reported that Tolleby Marine Dredging had removed 321,000 cubic metres by the end of May, or 78 per cent of the contract. Work had stood still for nineteen days in March because of wind and for eight because the dredger Marten had lost a bucket pin. A second barge, the Wendelin, with a hopper of 800 cubic metres, would join the Osprey II in August, and the contractor still hoped to be done by the end of October.

Councillor Estevane asked when Tidelode had last surveyed. The answer was February. He asked how the months since then had been measured. The answer was by the tally of barge loads, to be set right at the next survey. Councillor Estevane asked that his remark of 12 March 2019 be read out, and the Clerk read it.

## 4. Budget: first half of 2020

The Treasurer reported that income from harbour dues was 6 per cent below the estimate and that the reserve for winter services had not been needed. He asked members to look at the summary sheet, where the figures are set against the year before.

RESOLVED: that the report be received.

## 5. Sandbag store

The Clerk read a letter from the Harbour Master of 2 June. The sandbags are kept in the cellar of the Customs House, eighteen steps below the quay. In a flood it is the cellar that fills first. He asked for a store above the street and for the keys of it to be kept with the duty pilot. The City Engineer offered the old tram shed.

Members thought the matter sensible but not urgent. Councillor Ferrandel moved that it be taken up in the autumn with the rest of the winter programme.

RESOLVED, by four votes to two: that the sandbag store be considered in November.

## 6. Museum

Ms Leonor Vasquell, director of the Maritime Museum, told members of her plan for an exhibition in the summer of 2021 under the title Salt and Lanterns. Its centre would be the figurehead of the brig Constancia, which was lost on the Gannet Shoal on 9 November 1887 and whose figurehead had drifted, by way of a coaster's deck, to the museum at Puerto Almedra. The museum there was willing to lend it. The cost, with insurance and a courier, would be about 31,000 crowns, of which the friends of the museum had promised a third.

RESOLVED: that the Council supports the loan in principle and asks to see the agreement.

## 7. Other business

Councillor Quillby asked that the Council write to the tram society, whose members had offered to repaint the lanterns of the bridge by hand, and thank them. Agreed.

The meeting closed at 21:20.

! Dorothea Vintry
! City Clerk
"""

MINUTES_FLOOD = """
# Minutes of the extraordinary session on the flood of 15 October 2020

! Held in the hall of the Pilot School, Upper Mole Street, the Council Chamber being under repair
! Tuesday 3 November 2020, 17:00 to 21:50

! Present: Mayor Helene Tarbrook (in the chair); Councillors Bram Estevane, Lucia Ferrandel, Agnes Quillby, Petra Sandilow and Wilhelm Tarnowell
! In attendance: Tobias Renkvist, Harbour Master; Oona Pellworth, City Engineer; Casimir Adebrook, City Treasurer; Dorothea Vintry, City Clerk; Captain Anselm Draywick, senior pilot
! Also present: about one hundred and forty members of the public

## 1. Opening

The Mayor asked those present to stand in memory of Mr Aldous Fennimark, aged 81, who died in the cellar of his shop in Ropewalk on the morning of 15 October while moving his stock upstairs. His daughter was in the hall.

She then said that the session was called to establish what had happened, in what order, and what had been known at each hour. It was not called to find somebody. She asked speakers to give times.

## 2. The course of the night

The Harbour Master laid the readings of the tide gauge at Salters' Quay before the Council. He gave the following account, which is minuted in full at the wish of the Council.

| Time | Level (m) | Event |
| 14 October, 20:00 | 2.94 | gale warning from the coast station, south-west 9 |
| 22:00 | 3.31 | ferry withdrawn; pilots stood by |
| 23:20 | 3.62 | Harbour Master telephones the duty officer of the city |
| 15 October, 00:30 | 3.97 | water on the steps of Salters' Quay |
| 01:10 | 4.18 | order to sound the siren given |
| 01:45 | 4.37 | siren sounds |
| 02:40 | 4.61 | high water |
| 04:30 | 4.02 | water leaves Ropewalk |
| 07:00 | 3.40 | rowing boats still in use at Salters' Quay |

The high water of 4.61 metres is the highest since the gauge was set up in 1893. The record until then was 4.48 metres, on 3 February 1954. The forecast on which the evening's decisions were made had been 4.10 metres. The difference, he said, was the wind, which went round to the west an hour before high water and pressed the whole estuary into the harbour mouth.

## 3. The siren

Thirty-five minutes passed between the order to sound the siren and its sounding. The City Engineer had looked into it. The siren stands on the roof of the Customs House and is set off from a cabinet on the ground floor. The key to the cabinet was on the ring of the caretaker, who lives on the east side. Because of the restriction on the Lantern Bridge the number 4 bus no longer crosses, and in any case none runs at one in the morning. He walked. He found the lower door of the Customs House under water and went round by the yard.

Councillor Sandilow asked why there was only one key. Nobody knew. A second key had been signed out in 2009 to a member of staff who had since retired, and it was found on 19 October in a drawer, with a label.

Captain Draywick said that the pilots' launch has a horn that can be heard in Upper Mole Street and that the duty pilot would have sounded it at half past midnight if anybody had asked him to. It had not been written down anywhere that they might ask.

## 4. The sandbags

The sandbags were in the cellar of the Customs House, eighteen steps below the quay. By a quarter to one the cellar was full of water. Of some 4,000 bags about 600 had been brought up.

The Clerk read, at the request of Councillor Quillby, the minute of 23 June 2020 in which the Council resolved by four votes to two to consider the matter in November. Councillor Quillby observed that it was now November.

Councillor Ferrandel said that she had moved that resolution and that she regretted it. She did not wish to explain it.

## 5. Damage

The City Engineer gave the figures as they stood on 2 November.

- 213 houses had water above the ground floor, of them 88 by more than half a metre. Thirty-one families were still not at home.

- The quay wall had settled over a length of 22 metres at Berth 3. It was fenced off.

- The Lantern Bridge stood. The gauge on pin 14 had been read at seven in the morning and showed no growth.

- In the Customs House the lower archive was wet to the third shelf. The registers of baptisms of ships, 1822 to 1860, had been taken to a cold store belonging to the fish market and frozen, on the advice of the museum. Ms Vasquell thought that nine in ten could be saved.

- At the fish market the cold store itself ran without a break, on the generator of a trawler moored alongside.

The Treasurer estimated the damage to property of the city at 3.7 million crowns, of which 2.2 million were insured.

## 6. Statements from the public

Twenty-six persons spoke, for three minutes each. Their statements are in an annex. The Clerk was asked to minute the following.

Mrs Edith Corwell, 14 Lantern Street, said that she was woken by the sound of her own piano, which was afloat and knocked against the wall. She had heard the siren afterwards.

Mr Joris Makepenny, for the Fishermen's Association, said that eleven boats had put out at about half past one and had taken sixty-four persons from upper windows. They wished no thanks. They wished the steps at the fish market to be lit.

Miss Tamsin Fennimark asked that the doors of cellar shops in Ropewalk should open outward. She had written the letter which members had before them. She said her father had written the same letter in 1997.

Mr Kester Ulvane, photographer of the Ostrane Courier, offered the city the use of his pictures from the morning of the 15th without charge. One of them had been printed with the name of another town under it, and he apologised for that to anybody who had been told by an aunt abroad that she need not worry.

## 7. Resolutions

RESOLVED, each with all in favour:

- that the sandbags be moved at once to the old tram shed, and that the keys be with the duty pilot;

- that the siren be given a second cabinet at the pilot station and that the launch's horn be a signal in the plan;

- that the duty officer may order the siren at a forecast of 4.00 metres or an observed level of 3.90 metres, and need ask nobody;

- that the city pay 1,500 crowns to each household with water above the ground floor, on their word, before any insurer has written;

- that by-law 22 be amended so that doors of premises below street level open outward, and that the city pay for the hinges;

- that an outside engineer, not before employed by the city, examine the night and report in public by the end of March 2021.

## 8. Close

The Mayor thanked Brakensiel, whose pumps had arrived on the 17th with nine men and a field kitchen. She closed the session at 21:50.

! Dorothea Vintry
! City Clerk
"""

MINUTES_2021_02 = """
# Minutes of the City Council

! Held in the hall of the Pilot School, Upper Mole Street
! Tuesday 9 February 2021, 18:00 to 20:40

! Present: Mayor Helene Tarbrook (in the chair); Councillors Bram Estevane, Lucia Ferrandel, Agnes Quillby and Wilhelm Tarnowell
! In attendance: Casimir Adebrook, City Treasurer; Tobias Renkvist, Harbour Master; Oona Pellworth, City Engineer; Leonor Vasquell, Maritime Museum; Dorothea Vintry, City Clerk
! Apologies: Councillor Petra Sandilow

## 1. Minutes of the last meeting

Agreed.

## 2. Dredging: invoice 2020-0388 of Tolleby Marine Dredging

The Treasurer reported on the invoice of 30 September 2020 in the sum of 1,596,920 crowns, for 96,200 cubic metres at 16.60 crowns, which he has not paid.

The survey of Tidelode of 6 October 2020 showed two things. First, the depth of 11.5 metres had been reached over the whole length of the fairway but for a shoal off Berth 7, where the least depth was 10.2 metres. Secondly, the volume taken from the bed since the survey of February was less than that billed, and by a good deal more than the tolerance of three per cent.

The Harbour Master's office had then compared the barge tally, line by line, with the log of the disposal ground. Between 3 and 19 August 2020 the loads of the barge Wendelin were entered twice: once when she left the dredger and once more when she opened her doors at the Gannet Shoal. There were 48 such loads of 800 cubic metres. That makes 38,400 cubic metres that were never in the sea, or 637,440 crowns.

The contractor's answer, by letter of 4 December, was that the tally had been countersigned each evening by the city's own inspector and that a survey after a gale says nothing about what lay there before it. The Harbour Master pointed out that the survey was on 6 October and the gale on the 14th.

Councillor Estevane said that he took no pleasure in it. He asked who the inspector had been. The inspector had been a student engaged for the summer, who had been told to sign what the mate gave him. The Harbour Master said that he had given that instruction himself and that the fault was his.

RESOLVED, with all in favour: that the Treasurer pay the undisputed part of 959,480 crowns when a corrected invoice is received and withhold 637,440 crowns; that the contractor be asked to take down the shoal off Berth 7 at his own cost under clause 11 of the contract; and that the parties be invited to talk before either goes to law.

## 3. Lantern Bridge

The City Engineer reported that the new pin had arrived from Brakensiel on 28 January, two months late because of the fire at the forge. It fits. The exchange is planned for the nights of 15 to 19 March, and if the load test is passed the restriction can be lifted on Saturday 20 March 2021.

Councillor Tarnowell asked what would become of the old pin. The museum would like to have it. So would the testing laboratory, which would saw it in half. It was agreed that each should have one half.

## 4. Loan of the figurehead of the Constancia

Ms Vasquell laid the draft agreement ML-2021-07 with the Museo Marítimo de Puerto Almedra before the Council. The figurehead will be insured from nail to nail for 85,000 crowns. The lender's conditions are strict but, she thought, just: a relative humidity between 50 and 55 per cent, no more than 80 lux, and a courier who does not leave the crate. After October she had been asked, with great courtesy, how high above the water the gallery lay. She had answered: nine metres, and the cellar was empty.

Councillor Ferrandel asked that the Council's thanks be sent in Spanish.

RESOLVED: that the agreement be approved and that the director sign it.

## 5. Archive

The Clerk reported that the registers frozen in October were being dried at the rate of six a week. Of the 214 volumes, 197 were legible throughout. She wished it minuted that the city has no copy of any of them, and that she would bring a proposal.

The meeting closed at 20:40.

! Dorothea Vintry
! City Clerk
"""

MINUTES_2021_09 = """
# Minutes of the Harbour Committee

! Held at the Harbour Office, Inner Mole
! Tuesday 14 September 2021, 14:00 to 16:10

! Present: Councillor Lucia Ferrandel (in the chair); Councillors Bram Estevane and Wilhelm Tarnowell
! In attendance: Tobias Renkvist, Harbour Master; Casimir Adebrook, City Treasurer; Captain Anselm Draywick, senior pilot; Dorothea Vintry, City Clerk
! For item 2: Gerrit Holmquay and Sunniva Dahlbrook, Tolleby Marine Dredging

## 1. Minutes

The minutes of 8 June 2021 were agreed.

## 2. Settlement with Tolleby Marine Dredging

The Treasurer reported that the talks which the Council had asked for in February had come to an end, and to a good one. The draft before members had been agreed by both sides, subject to the Committee.

Mr Holmquay said that his company had now read its own books. The loads of the Wendelin had been sent in by the mate on one form and by the skipper on another, and the office had added the two. He did not think that anybody had meant it. He regretted the letter of 4 December, which had been written by people who had not looked.

The terms are these. The city pays 959,480 crowns for 57,800 cubic metres. It pays a further 42,000 crowns for twelve days in November 2020 on which the dredger stood by because the city had closed the fairway after the flood (clause 17 of the contract, 3,500 crowns a day). The total is 1,001,480 crowns. The contractor has taken down the shoal off Berth 7, and the survey of 2 August 2021 finds no depth of less than 11.5 metres. Each side bears its own costs. Nothing further is owed under contract PC-2019-114.

Councillor Estevane asked whether the settlement was secret. The Clerk said that the draft contained a clause to that effect, as drafts do. Councillor Estevane moved that it be struck out. Mr Holmquay said that he would rather have it in, and then, after a word with Mrs Dahlbrook, that he could live without it. What remains confidential is the schedule with the contractor's daily rates.

RESOLVED, with all in favour: that the settlement be approved, without the clause on secrecy, and that these minutes be published.

## 3. Measuring in future

The Harbour Master brought a one-page rule. Survey every eight weeks. No payment on a tally. Whoever countersigns for the city must have stood on the deck. The Committee adopted it and thanked him for the length.

## 4. Shore supply

The Harbour Master showed his slides on electricity for ships at Berths 5 to 7. A grant of 40 per cent may be had if the city applies before the end of the year. The Committee asked for a fuller paper.

## 5. Launch

Captain Draywick reported that the mooring launch Petrel, adrift since the flood, had been found by a trawler off the Gannet Shoal in July, upside down and covered with mussels. The mussels were good.

The meeting closed at 16:10.

! Dorothea Vintry
! City Clerk
"""

NIEDERSCHRIFT_2020_08 = """
# Niederschrift über die Sitzung des Partnerschaftsausschusses

! Stadt Brakensiel und Stadt Port Ostrane
! Mittwoch, 19. August 2020, 14.00 bis 16.30 Uhr
! Ort: Rathaus Brakensiel, Kleiner Sitzungssaal

! Anwesend für Brakensiel: Bürgermeister Enno Harkensee (Vorsitz); Hafenkapitänin Wiebke Tammensen; Stadtbaurat Focko Lüdersand
! Anwesend für Port Ostrane: Stadtbaumeisterin Oona Pellworth; Hafenmeister Tobias Renkvist
! Gast zu Punkt 3: Dipl.-Ing. Jutta Reifenbrink, Ankermann Stahlbau
! Niederschrift: Thea Osterwold

## 1. Begrüßung

Der Vorsitzende begrüßt die Gäste, die wegen des Windes einen Tag später als geplant eingetroffen sind. Er dankt dafür, dass die Sitzung überhaupt stattfindet, und weist darauf hin, dass das Fenster zum Hof aus gutem Grund offen steht.

## 2. Austausch der Pegelstände

Frau Tammensen berichtet über das erste Jahr des Austauschs. Seit September 2019 werden die Pegelstände beider Häfen am Ersten jedes Monats übersandt. Dabei hat sich gezeigt, dass ein Sturmhochwasser in Port Ostrane im Mittel drei Stunden und zwanzig Minuten vor dem Hochwasser in Brakensiel eintritt. Wer in Brakensiel den Pegel am Salzkai von Port Ostrane kennt, hat also einen halben Abend Zeit gewonnen.

Herr Renkvist erklärt, dass sein Pegel noch mit einem Schwimmer arbeitet und dass der Schreiber im Winter zweimal eingefroren ist. Man will die Werte künftig stündlich austauschen, ohne auf den Monatsersten zu warten.

Beschluss: Die Hafenämter richten bis zum 1. Oktober 2020 eine stündliche Übermittlung ein. Die Kosten trägt jede Seite selbst.

## 3. Bolzen für die Laternenbrücke

Frau Pellworth schildert den Befund an der Laternenbrücke. Der Bolzen 14 weist einen Ermüdungsriss von 23 mm auf; die Brücke ist seit dem 26. Juni 2020 auf 7,5 Tonnen beschränkt. Der Ersatz ist bei der Firma Ankermann Stahlbau in Brakensiel bestellt.

Frau Reifenbrink erläutert das Verfahren. Der Rohling wiegt 340 Kilogramm und wird aus einem Stück geschmiedet. Danach folgen Vergüten, Drehen und Schleifen; die Prüfung mit Ultraschall übernimmt ein fremdes Labor. Die Lieferung bis zum 30. November 2020 sei zu schaffen, sofern die Gesenkschmiede nicht ausfalle. Auf Nachfrage von Herrn Lüdersand räumt sie ein, dass es in der ganzen Gegend nur noch diese eine gebe.

Frau Pellworth bittet darum, jede Verzögerung sofort zu melden, auch wenn sie noch nicht sicher ist. Frau Reifenbrink sagt das zu.

## 4. Hilfe bei Hochwasser

Der Vorsitzende schlägt vor, die gegenseitige Hilfe schriftlich zu regeln. Brakensiel besitzt vier fahrbare Pumpen mit je 5.000 Litern in der Minute, Port Ostrane einen Schwimmkran und drei Barkassen. Im Ernstfall soll ein Anruf genügen; über Geld wird erst nachher gesprochen.

Herr Renkvist merkt an, dass die Sandsäcke in Port Ostrane im Keller des Zollhauses liegen und dass der Rat die Frage auf den November vertagt hat. Er bittet, dies in die Niederschrift aufzunehmen.

Beschluss: Der Entwurf einer Vereinbarung wird bis zur nächsten Sitzung vorgelegt. Bis dahin gilt das Wort des Vorsitzenden.

## 5. Jugendaustausch

Im Sommer 2021 sollen zwölf Jugendliche aus Brakensiel die Ausstellung im Schifffahrtsmuseum von Port Ostrane besuchen und eine Woche bei Familien wohnen. Frau Osterwold sammelt die Anmeldungen.

## 6. Verschiedenes

Herr Lüdersand überreicht den Gästen eine Kiste Räucheraal. Die Gäste überreichen einen Nachdruck der Seekarte von 1893, auf der Brakensiel an der falschen Stelle liegt. Der Vorsitzende verspricht, ihn aufzuhängen.

Ende der Sitzung: 16.30 Uhr.

! Für die Richtigkeit
! Thea Osterwold, Schriftführerin
"""

ACTA_2021_05 = """
# Acta de la reunión sobre el préstamo del mascarón de la Constancia

! Museo Marítimo de Puerto Almedra, sala de juntas
! Jueves 6 de mayo de 2021, de 10.00 a 12.15 horas

! Asistentes por el museo: Inés Caldarroz, directora; Joaquín Berralta, conservador; Remedios Olivalta, registro
! Asistentes por Port Ostrane, por videoconferencia: Leonor Vasquell, directora; Piers Abenworth, registro
! Redacta el acta: Remedios Olivalta

## 1. Objeto de la reunión

La directora abre la sesión y recuerda que el contrato de préstamo ML-2021-07 fue firmado por ambas partes el 22 de febrero. Se trata hoy de fijar el estado de la pieza, el embalaje, el viaje y las condiciones de la sala.

## 2. Estado de conservación

El señor Berralta presenta el informe. El mascarón es de pino, con policromía de al menos tres épocas. Mide 162 centímetros y pesa 71 kilogramos. Presenta una grieta fina de 11 centímetros en el hombro izquierdo, antigua y estable, y una pérdida en la mano derecha que ya aparece en la fotografía de 1931. La mano levantada sostenía una linterna; de ella queda solo la argolla de latón.

La señora Vasquell pregunta si la grieta puede abrirse durante el viaje. El conservador responde que la madera teme menos al golpe que al aire: lo que importa es que la humedad relativa no cambie en más de tres puntos al día. Por eso la caja llevará un registrador y no se abrirá hasta pasadas cuarenta y ocho horas en la sala de destino.

## 3. Condiciones de la sala

Se acuerdan las siguientes condiciones:

- humedad relativa entre el 50 y el 55 por ciento;

- temperatura entre 18 y 20 grados;

- iluminación máxima de 80 lux, sin luz del día;

- vigilancia permanente y ninguna fotografía con destello.

El señor Abenworth confirma que la sala está a nueve metros sobre el nivel del puerto y que el sótano se ha dejado vacío desde la inundación de octubre de 2020.

## 4. Viaje y seguro

La pieza saldrá el 25 de mayo en el buque Santa Brígida y llegará a Port Ostrane el 28, si el tiempo lo permite. El señor Berralta viajará como correo y dormirá, según sus propias palabras, «al lado de la señora». El seguro cubre 85.000 coronas, de clavo a clavo. La póliza debe llegar a Puerto Almedra antes del 18 de mayo; sin póliza no hay viaje.

## 5. Textos de la exposición

La señora Caldarroz pide que el rótulo diga con claridad que la Constancia naufragó el 9 de noviembre de 1887 en el bajo de Gannet y que los nueve supervivientes fueron recogidos por pescadores de Port Ostrane. En Puerto Almedra se canta todavía una copla sobre ello. Se enviará la letra.

## 6. Ruegos y preguntas

La señora Vasquell transmite el agradecimiento del concejo de Port Ostrane, que pidió expresamente que se diera en español. La directora lo agradece y observa que está muy bien escrito, salvo un acento.

Sin más asuntos, se levanta la sesión a las 12.15 horas.

! Remedios Olivalta
! Registro
"""

AGENDA_FLOOD = """
# City Council: extraordinary session

! Tuesday 3 November 2020, 17:00
! Hall of the Pilot School, Upper Mole Street (not the Council Chamber)

Members of the public are welcome. Those who wish to speak should give their names to the Clerk at the door before 16:45. Each speaker has three minutes.

| Item | Subject | Paper |
| 1 | Opening by the Mayor | none |
| 2 | The course of the night of 14 to 15 October 2020 | readings of the tide gauge |
| 3 | The siren | note of the City Engineer |
| 4 | The sandbags | minute of 23 June 2020, item 5 |
| 5 | Damage to houses, quays and the archive | summary table |
| 6 | Statements from the public | none |
| 7 | Resolutions | to be laid on the table |

The hall has 160 seats. The doors will be left open and the session can be heard in the yard. Tea is given by the friends of the lifeboat.

People who need a lift from the east side should telephone the Clerk's office by noon. The shuttle over the Lantern Bridge will run until 23:00 that evening.
"""

STANDING_ORDERS = """
# Standing orders of the City Council (extract)

As last amended on 12 January 2021.

## 4. Minutes

4.1 The Clerk keeps the minutes. They say what was decided, by how many votes, and what a member has asked to have recorded.

4.2 Minutes are open to the public from the day on which they are agreed. A part may be withheld only by a vote, for a stated reason and until a stated date.

4.3 A mistake in agreed minutes is not rubbed out. It is corrected by a note in the margin with the date of the correction and the name of the Clerk.

## 7. Interests

7.1 A member with an interest in a matter says so before it is discussed, leaves the table and does not vote.

7.2 The interest of a brother-in-law counts.

## 11. Petitions

11.1 A petition with a hundred signatures or more is put on the agenda of the next ordinary meeting.

11.2 Petitioners may bring exhibits. Exhibits that leak are to be set down in the yard.

## 15. Flood

15.1 The duty officer may order the siren at a forecast of 4.00 metres or at an observed level of 3.90 metres at the gauge at Salters' Quay.

15.2 He or she need ask nobody.
"""

MEMBERS = [
    ["name", "office", "ward", "since", "committees", "room"],
    ["Helene Tarbrook", "Mayor", "Upper Mole", 2015, "all", "Customs House 1.01"],
    ["Bram Estevane", "Councillor", "Ropewalk", 2003, "Harbour; Audit", "Customs House 1.12"],
    ["Lucia Ferrandel", "Councillor", "Inner Mole", 2011, "Harbour (chair); Culture", "Customs House 1.14"],
    ["Agnes Quillby", "Councillor", "Lantern Street", 2007, "Works; Culture (chair)", "Customs House 1.15"],
    ["Petra Sandilow", "Councillor", "East Side", 2019, "Works (chair); Schools", "Customs House 1.17"],
    ["Wilhelm Tarnowell", "Councillor", "Fish Market", 2015, "Harbour; Audit (chair)", "Customs House 1.18"],
    ["Dorothea Vintry", "City Clerk", "", 2001, "", "Customs House 0.03"],
    ["Casimir Adebrook", "City Treasurer", "", 2016, "", "Customs House 2.02"],
    ["Oona Pellworth", "City Engineer", "", 2012, "", "Works Yard 4"],
    ["Tobias Renkvist", "Harbour Master", "", 2009, "", "Harbour Office 2"],
]

BUDGET = [
    ("Summary 2020", [
        ["Heading", "Estimate 2020 (crowns)", "Half-year 2020 (crowns)", "Half-year 2019 (crowns)", "Remark"],
        ["Harbour dues", 5180000, 2434600, 2590100, "fewer grain ships; restriction in the fairway"],
        ["Ferry licence", 310000, 155000, 152000, ""],
        ["Market stalls", 204000, 98700, 101200, "stalls 9 to 14 at half rent: roof"],
        ["Loan for dredging", 2640000, 1980000, 0, "drawn in three parts"],
        ["Income together", 8334000, 4668300, 2843300, ""],
        ["Dredging of the fairway", 3900000, 2215000, 640000, "contract PC-2019-114"],
        ["Lantern Bridge, inspection", 64000, 61350, 0, "scaffolding and ultrasound"],
        ["Street lighting", 188000, 90400, 87700, ""],
        ["Snow clearance reserve", 95000, 0, 41800, "not needed; mild winter"],
        ["Museum grant", 140000, 70000, 70000, ""],
        ["Salaries", 2310000, 1148200, 1121900, ""],
        ["Spending together", 6697000, 3584950, 1961400, ""],
    ]),
    ("Notes", [
        ["Note", "Text"],
        ["1", "The half-year ends on 30 June."],
        ["2", "The order for the new bridge pin (118,400 crowns) falls into the second half-year."],
        ["3", "The snow clearance reserve may be used for other winter services if the Council so resolves."],
    ]),
]

PRESS_RELEASE = """
# After the flood: what the city pays, and how to ask for it

! Port Ostrane, 5 November 2020
! Office of the Mayor

The City Council has decided to pay 1,500 crowns to each household which had water above the ground floor in the night to 15 October 2020. Nobody needs to prove it. Come to the Pilot School with something that has your name and address on it, or bring a neighbour who will say who you are.

- Payments are made from Monday 9 November, 9:00 to 19:00, in the hall.

- You do not give up any claim by taking the money, neither against an insurer nor against the city.

- If you cannot come, telephone the Clerk's office and somebody will come to you.

The Mayor, Helene Tarbrook, said: "We were late with the siren and we were late with the sandbags. With this we do not want to be late as well."

Pumps from our partner town Brakensiel are still at work in Ropewalk and Lantern Street. Please do not pump out your own cellar while the water in the street stands higher than the floor: the walls need the water inside as long as there is water outside.
"""

PUBLIC_QUESTIONS = """
# Questions from the public, first half of 2021

Collected by the City Clerk under standing order 12, with the answers that were given.

## 12 January 2021

Miss Tamsin Fennimark, Ropewalk: Has the by-law on the doors been published? Answer of the City Engineer: it was published on 4 January. Hinges can be ordered from the Works Yard and are fitted free of charge. So far 37 doors out of 52 have been turned round.

## 9 February 2021

Mr Piet Lowenstrake, East Side: The shuttle over the Lantern Bridge smells of herring. Answer: it was a fish van. It has been washed twice. The restriction should be lifted in March.

## 9 March 2021

Mrs Edith Corwell, 14 Lantern Street: Who pays for the tuning of a piano that has been under water? Answer of the Treasurer: the city cannot pay for tuning, and a piano that has been under water cannot be tuned. But the school has one to give away and it could be brought on the shuttle's last day.

## 11 May 2021

Mr Joris Makepenny, Fishermen's Association: When will the steps at the fish market be lit? Answer: they were lit on 30 April, with four lamps. Supplementary question: could they be lit also when it is dark? The City Engineer undertook to look at the switch.

## 8 June 2021

A pupil of the Pilot School, aged 11: Is it true that the lady on the ship held a real lantern? Answer of the director of the museum: yes. You can see the ring it hung from. The lantern itself was last seen in Puerto Almedra in 1902.
"""
