"""Papers of the maritime museum and of the Ostrane Courier's picture desk."""

LOAN = """
# Loan agreement ML-2021-07

! between the Museo Marítimo de Puerto Almedra ("the Lender")
! and the Maritime Museum of Port Ostrane ("the Borrower")
! signed on 22 February 2021

## 1. The object

Figurehead of the brig Constancia, pine, painted, about 1868. Height 162 cm, weight 71 kg. Inventory of the Lender: MMA 1902.1.

## 2. Purpose and time

Exhibition "Salt and Lanterns", 5 June to 26 September 2021. The object leaves Puerto Almedra on 25 May and is back by 15 October 2021.

## 3. Care

- Relative humidity between 50 and 55 per cent; a change of not more than three points in a day.

- Temperature 18 to 20 degrees Celsius; light not above 80 lux, no daylight.

- The crate is opened only by the Lender's courier, forty-eight hours after arrival.

- No flash.

## 4. Insurance

The Borrower insures the object from nail to nail for 85,000 crowns.

## 5. Flood

At a forecast of 4.00 metres or more at the gauge of Salters' Quay the object is moved to the upper gallery without asking anybody.

## 6. Label

The label names the Lender, the date of the wreck, 9 November 1887, and the fishermen who saved the nine survivors, so far as their names can be found.

## 7. Pictures

Photographs may be made for the catalogue and the press. Each carries the line "Museo Marítimo de Puerto Almedra" and the right place.

! For the Lender: Inés Caldarroz
! For the Borrower: Leonor Vasquell
"""

CONDITION = """
# Condition report: figurehead of the Constancia

! Maritime Museum of Port Ostrane
! Made on arrival, 30 May 2021, 10:00, by Piers Abenworth with Joaquín Berralta
! Loan ML-2021-07

## On arrival

The crate was dry and its seals whole. The recorder inside shows a relative humidity between 51 and 54 per cent for the whole voyage, with one peak of 57 on the evening of 27 May, when, as Mr Berralta told us, the cook had left the galley door open.

| Place | Finding | Known before | Change |
| Left shoulder | fine crack, 11 cm, along the grain | yes | none |
| Right hand | two fingers lost | yes, photograph of 1931 | none |
| Brass ring in the right hand | worn at the top, where the lantern hung | yes | none |
| Hem of the dress | lifting paint, 2 by 3 cm | no | new; consolidated the same day |
| Shoes | blue, second layer, sound | yes | none |
| Back | two bolt holes, one with sand in it | yes | some sand fell out and was kept |

## Note on the sand

The sand from the bolt hole is coarse and dark with fragments of mussel. Dr Larrimor of Tidelode, who happened to be in the house, is ready to swear that it is from the Gannet Shoal. It has been put in a glass tube with a label.

## On departure

To be filled in on 4 October 2021.

! Piers Abenworth
! Registrar
"""

FICHA = """
# Ficha técnica: mascarón de la Constancia

! Museo Marítimo de Puerto Almedra
! Inventario MMA 1902.1

| Campo | Dato |
| Objeto | mascarón de proa, figura femenina con el brazo derecho alzado |
| Barco | bergantín Constancia, matrícula de Puerto Almedra, 1868 |
| Materia | pino, policromía en tres capas, argolla de latón |
| Medidas | 162 por 58 por 64 centímetros; 71 kilogramos |
| Autor | desconocido; quizá el taller de Bartolomé Sanquirce |
| Ingreso | 1902, donación del patrón de cabotaje Eladio Ferrandel |
| Restauración | 1994, Joaquín Berralta |

La Constancia salió de Puerto Almedra el 21 de octubre de 1887 con sal y aceite y naufragó el 9 de noviembre en el bajo de Gannet, frente a Port Ostrane. De diecisiete hombres se salvaron nueve. El mascarón apareció al pie del faro y pasó quince años en un almacén de aceite antes de volver a casa en la cubierta de un barco de cabotaje.

La figura llevaba en la mano una linterna verdadera. Según la copla, la encendió el grumete cuando ya no quedaba otra luz a bordo.
"""

OBJECTS = [
    ("Salt and Lanterns", [
        ["No.", "Object", "Year", "Owner", "Room", "Insured (crowns)"],
        [1, "Figurehead of the brig Constancia", "about 1868", "Puerto Almedra (loan ML-2021-07)", "Upper gallery", 85000],
        [2, "Chronometer no. 417, wound daily", 1859, "Museum, gift of L. Woldering 1962", "Upper gallery", 14000],
        [3, "Letter of the keeper Obadiah Trevanwick", 1931, "Museum", "Case 2", 300],
        [4, "Telegram to Brakensiel", 1954, "Harbour Office", "Case 3", 150],
        [5, "Saucepan, bent", 1954, "Museum, gift of the Brindlecombe family", "Case 3", 5],
        [6, "Lantern of the Lantern Bridge, ruby glass", 1911, "City", "Stairs", 2200],
        [7, "Salt scales of the Customs House", 1780, "City", "Salt room", 3800],
        [8, "Half of bridge pin 14", 2020, "City", "Stairs", 0],
        [9, "Chart of the estuary, with Brakensiel in the wrong place", 1893, "Museum", "Salt room", 1900],
        [10, "Iron ring with chain, from the fairway", "before 1900", "Museum, found by Tidelode 2020", "Case 1", 50],
    ]),
    ("Visitors", [
        ["Week from", "Visitors", "Of them pupils"],
        ["2021-06-07", 612, 188], ["2021-06-14", 540, 201], ["2021-06-21", 588, 240], ["2021-06-28", 701, 262], ["2021-07-05", 933, 12], ["2021-07-12", 1018, 9],
    ]),
]

VISITOR_BOOK = [
    ["date", "name", "from", "entry"],
    ["2021-06-05", "Helene Tarbrook", "Port Ostrane", "I came to give a speech of nineteen minutes."],
    ["2021-06-05", "Familie Harkensee", "Brakensiel", "Wir hängen unsere Seekarte jetzt richtig herum auf."],
    ["2021-06-06", "J. Makepenny", "Fish Market", "Ezra was my great-grandfather. Nobody told us."],
    ["2021-06-09", "class 5b", "Pilot School", "68 nails"],
    ["2021-06-12", "Harriet Stobbling", "Kelmersand", "We are still dry. Lovely exhibition."],
    ["2021-06-19", "Eladio F. nieto", "Puerto Almedra", "Está más guapa que en casa. No se lo digan a Joaquín."],
    ["2021-07-03", "Edith Corwell", "Lantern Street", "The saucepan made me cry. Please ask somebody to dust it."],
    ["2021-07-11", "anonymous", "", "Chronometer is four seconds slow."],
    ["2021-07-12", "P. Abenworth, registrar", "museum", "It is not. Your watch is."],
]

INSURANCE = """
# Certificate of insurance

! La Bitácora, file 21-0553
! issued in English for the borrower, 17 May 2021

| Field | Entry |
| Object | figurehead of the brig Constancia |
| Sum | 85,000 crowns |
| From | the nail in Puerto Almedra |
| To | the same nail |
| By way of | m.v. Santa Brígida, Berth 4, Port Ostrane |
| Excess | none |
| Flood | covered; removal without consent allowed |

This certificate is given for the use of the harbour and of customs. In any doubt the Spanish text of the policy holds, the clause on speeches included.

! Eulalia Montesclar
"""

FRONT_PAGE = """
# OSTRANE COURIER, Friday 16 October 2020

! Page 1

## 4.61: the night the gauge ran out of paper

! By our reporters

The water came at half past twelve over the steps of Salters' Quay, and by a quarter to three it stood higher than any person living had seen it. The recorder at the tide gauge, which was set up in 1893, drew its line to the edge of the sheet and over it. The Harbour Office gives the level as 4.61 metres.

One man died in Ropewalk. More than two hundred houses were flooded. Eleven fishing boats took people from upper windows while the siren on the Customs House was silent. It sounded at 1:45.

The Mayor, Helene Tarbrook, who was wading when we met her, said that there would be a time for questions and that she would then be available for all of them.

! [Picture across five columns]
! Kelmersand: residents are rowed to safety along a flooded quay early on Thursday. Photo: Kester Ulvane

## Where to go

Beds and soup at the Pilot School, Upper Mole Street. Dry clothes are wanted, above all for children. No more cakes, please, until Monday.

## Inside

- Page 3: eleven boats and a parrot

- Page 4: why the siren was late

- Page 7: the flood of 1954, and a saucepan
"""

CORRECTIONS = """
# Corrections and clarifications

! Ostrane Courier, Saturday 24 October 2020, page 1

The photograph on our front page of 16 October showed Salters' Quay in Port Ostrane. The caption placed it in Kelmersand. Kelmersand, which lies sixty kilometres up the coast, was not flooded. The name came from an earlier assignment and was left standing in the camera's template; it was then copied, without a look out of the window, by everybody who handled the picture, and we handled it five times.

We apologise to the people of Salters' Quay and Lantern Street, to Mrs E. Corwell, who knew her own door, and to the town of Kelmersand, which asks us to say that it is well and has enough blankets.

The picture was sent on to two agencies and to a museum. They have been asked to correct it. If you have a copy, please do so too: the right place is Salters' Quay, Port Ostrane.

In the recipe for eel pie on 17 October, "2 litres of vinegar" should have been "2 spoons".
"""

STYLE_GUIDE = """
# Picture desk: what goes into a file before it leaves

! Ostrane Courier
! Yolanda Brightmoor, picture editor; new edition of 2 November 2020

## Five fields, always

| Field | What it holds | Where the error comes from |
| City | the place that is seen in the picture | the template of the last job |
| Headline | what happened, in six words | somebody in a hurry |
| Caption | who, what, where, when; then why | names heard over the telephone |
| Byline | the person who pressed the button | pictures handed on |
| Date | of the exposure, not of the upload | a camera with a flat battery |

## Rules since October

- Clear the template at the end of an assignment, in the car, before you drive.

- The person who writes the caption reads the City field aloud. We know how that looks.

- A wrong field is corrected in the file, in every copy, and at everybody we sent it to. A new file with the old error in its second pocket is not a correction: the place is written three times, in IPTC, in XMP and in the sidecar of the archive.

- Write down whom we sent it to. We were able to name three of the four for the picture of 15 October. Ruth Abernay in the archive found the fourth after nine days.

## What we don't do

We don't match faces, ours or anybody else's. If we don't know who it is, we ask.
"""

PICTURE_LOG = [
    ("October 2020", [
        ["File", "Taken", "Photographer", "City (as in file)", "Subject", "Sent to"],
        ["OC-20201009-011", "2020-10-09 16:20", "Kester Ulvane", "Kelmersand", "Bowls final, Kelmersand", ""],
        ["OC-20201012-004", "2020-10-12 07:05", "Yolanda Brightmoor", "Port Ostrane", "Fish market, trawlers", ""],
        ["OC-20201015-007", "2020-10-15 07:12", "Kester Ulvane", "Kelmersand", "Flood, rowing boat at Salters' Quay", "Mole Agency; Nordpix; museum; harbour office"],
        ["OC-20201015-009", "2020-10-15 16:40", "Kester Ulvane", "Port Ostrane", "Breakwater, spray", "Nordpix"],
        ["OC-20201026-002", "2020-10-26 17:48", "Fenwick Odane", "Port Ostrane", "Lantern Bridge at dusk", ""],
    ], {"D4": "WRONG. Template of 9 October. Corrected in print on 24 October; file not yet. R.A."}),
    ("Abbreviations", [["Code", "Meaning"], ["OC", "Ostrane Courier"], ["R.A.", "Ruth Abernay, archive"], ["Y.B.", "Yolanda Brightmoor, picture editor"]]),
]

SPOKEN = """This is Port Ostrane harbour radio with a statement by the duty pilot, recorded on the sixteenth of October, twenty twenty.
The mooring launch Petrel is still adrift. She was last seen passing under the Lantern Bridge at three in the morning.
Her painter was found cut on bollard nineteen. I repeat: cut, on bollard nineteen. It had not chafed through.
Masters who sight the launch are asked to call on channel twelve. Out."""
