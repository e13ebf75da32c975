"""Letters, and the texts of the scanned papers."""

TOLLEBY_INSISTS = """
! Tolleby Marine Dredging
! Slipway Road 2, Tolleby Haven
! 4 December 2020

! To the Harbour Master
! Mr Tobias Renkvist
! Inner Mole, Port Ostrane

# Invoice 2020-0388

Dear Mr Renkvist,

Your Treasurer writes that he can't pay our invoice of 30 September. We have looked at the tally again and find nothing wrong with it. Every line carries the initials of the inspector whom you yourself put aboard. If a tally that your own man has signed each evening is not good enough, we don't know what would be.

As to the survey of Tidelode: it was made a few days before, or after, the heaviest gale in a hundred years. Nobody who has seen the bed of an estuary after such a night will wish to build an invoice on it.

We should also like to remind you that the Marten lay idle for twelve days in November because the city had closed the fairway. Clause 17 of the contract says what that costs.

We ask for payment in full by 31 December.

! Yours sincerely
! Gerrit Holmquay
! Managing director
"""

HARBOUR_ANSWERS = """
! Harbour Office
! Inner Mole, Port Ostrane
! 18 December 2020

! To Tolleby Marine Dredging
! Mr Gerrit Holmquay

# Your letter of 4 December: the tally

Dear Mr Holmquay,

The survey was on 5 and 6 October. The gale was on the 14th. I was there for both.

We have laid your tally beside the log of the disposal ground, and I enclose the sheets. From 3 to 19 August each load of the Wendelin stands in the tally twice: once with the word "dredger" and, two hours and some minutes later, with the words "disposal ground". The barge holds 800 cubic metres. Forty-eight loads make 38,400 cubic metres, which were paid for, if we paid, twice over. At 16.60 crowns that is 637,440 crowns.

You are right about the initials. P.L. is Piet Lowenstrake, who was nineteen, had a summer post with me and was told to sign what the mate gave him. He was told so by me. He now says that he asked the mate about it once and was told that it was for the insurance. I don't hold that against the mate, who may have believed it.

You are right also about clause 17. Send us an invoice for the twelve days and it will be paid.

Clause 21 says that we meet before we quarrel, and that each brings his books. My door is the green one.

! Yours sincerely
! Tobias Renkvist
! Harbour Master
"""

LIEFERVERZUG = """
! Ankermann Stahlbau
! Werftstraße 11, Brakensiel
! 24. November 2020

! An die Stadt Port Ostrane
! Stadtbaumeisterin Oona Pellworth

# Lieferverzug: Bolzen 14 der Laternenbrücke

Sehr geehrte Frau Pellworth,

Sie hatten mich im August gebeten, jede Verzögerung sofort zu melden, auch wenn sie noch nicht sicher ist. Diese ist leider sicher.

In der Nacht zum 21. November hat es in der Gesenkschmiede gebrannt. Verletzt wurde niemand. Der Rohling Ihres Bolzens lag im Vergüteofen und ist ohne Aufsicht abgekühlt; er ist damit unbrauchbar, auch wenn man es ihm nicht ansieht. Ich habe ihn trotzdem durchsägen lassen, damit niemand in Versuchung kommt.

Ein neuer Rohling kann erst geschmiedet werden, wenn der Hammer wieder läuft. Wir rechnen mit dem 10. Januar. Die Lieferung erfolgt dann bis zum 29. Januar 2021, also zwei Monate später als vereinbart. Die Vertragsstrafe steht Ihnen zu und wird von uns nicht bestritten.

Eine Bitte habe ich doch: Lesen Sie den Riss weiter jeden Morgen ab, und rufen Sie mich an, wenn er wächst, zu jeder Uhrzeit. Für diesen Fall haben wir eine Hilfskonstruktion gezeichnet, die in vier Tagen geschweißt wäre.

! Mit freundlichen Grüßen
! Dipl.-Ing. Jutta Reifenbrink
! Betriebsleiterin
"""

BEILEID = """
! Stadt Brakensiel
! Der Bürgermeister
! 16. Oktober 2020

! An die Bürgermeisterin von Port Ostrane
! Frau Helene Tarbrook

# Nach der Flut

Liebe Frau Tarbrook,

wir haben gestern früh Ihren Pegel gelesen und zuerst gedacht, der Schwimmer sei hängen geblieben. Dann kam Ihr Anruf.

Zum Tod von Herrn Fennimark spreche ich Ihnen und seiner Familie mein Beileid aus, auch im Namen derer, die ihn kannten. Er hat meinem Vater einmal ein Fernglas verkauft und ihm am nächsten Tag die Hälfte des Geldes zurückgebracht, weil es doch einen Sprung hatte.

Heute Mittag fahren vier Pumpen, neun Leute der Feuerwehr und eine Feldküche ab. Sie brauchen nichts, außer dass ihnen jemand zeigt, wo sie anfangen sollen. Frau Tammensen fährt mit; sie sagt, sie wolle endlich den Pegel sehen, der uns drei Stunden und zwanzig Minuten geschenkt hat. Bei uns stand das Wasser am Ende neun Zentimeter unter der Mauerkrone. Ohne Ihre Zahlen hätten wir das Tor am Siel zu spät geschlossen.

Über Geld reden wir, wie vereinbart, später oder gar nicht.

! Ihr
! Enno Harkensee
"""

PEILUNG = """
# Mitteilung des Hafenamts Brakensiel Nr. 7/2021

! Hafenkapitänin Wiebke Tammensen
! 3. Mai 2021

Seit dem 1. Oktober 2020 werden die Pegelstände von Port Ostrane stündlich übermittelt. Im Winterhalbjahr 2020/21 wurden 4.344 Werte empfangen; 29 fehlten, davon 22 in der Nacht zum 9. Februar, in der der Schreiber eingefroren war.

| Ereignis | Hochwasser Port Ostrane | Hochwasser Brakensiel | Abstand |
| 15. Oktober 2020 | 02.40 Uhr, 4,61 m | 06.05 Uhr, 5,12 m | 3 h 25 min |
| 27. Dezember 2020 | 11.15 Uhr, 3,88 m | 14.30 Uhr, 4,31 m | 3 h 15 min |
| 11. März 2021 | 19.50 Uhr, 4,02 m | 23.10 Uhr, 4,47 m | 3 h 20 min |

Die Faustregel von drei Stunden und zwanzig Minuten hat sich bestätigt. Schiffsführer werden gebeten, Festmacherleinen bei einer Sturmflutwarnung aus Port Ostrane sofort zu verdoppeln und nicht erst, wenn das Wasser kommt.

Das Siel am Alten Tief wird künftig geschlossen, sobald der Pegel am Salzkai von Port Ostrane 3,90 m erreicht.
"""

CARTA_PRESTAMO = """
! Museo Marítimo de Puerto Almedra
! Paseo del Varadero, 3
! 18 de enero de 2021

! Sra. Leonor Vasquell
! Museo Marítimo de Port Ostrane

# Préstamo del mascarón de proa de la Constancia

Estimada colega:

El patronato se reunió el viernes y ha dicho que sí. Le confieso que no fue por unanimidad: dos de sus miembros no querían que el mascarón de proa saliera de casa por primera vez desde 1902, y uno de ellos preguntó si en su ciudad no se inundaban los museos. Le leí su carta, la de los nueve metros y el sótano vacío, y se quedó callado, que en él es mucho.

Las condiciones van en el borrador del contrato. La que no puedo mover es la de la humedad relativa: entre el 50 y el 55 por ciento, de día y de noche, también los domingos. La madera no sabe de domingos.

Viajará con ella don Joaquín Berralta, que la restauró en 1994 y que la trata de usted. Necesitará una silla junto a la caja y café.

Le ruego que el rótulo nombre a los pescadores que recogieron a los nueve supervivientes. Aquí los conocemos por la copla, pero no por sus apellidos; quizá en los registros de ustedes estén.

! Reciba un saludo muy cordial
! Inés Caldarroz
! Directora
"""

CARTA_SEGURO = """
! Seguros La Bitácora
! Puerto Almedra, 12 de mayo de 2021

! Museo Marítimo de Port Ostrane
! A la atención de D. Piers Abenworth

# Póliza de transporte y estancia, expediente 21-0553

Muy señor mío:

Adjuntamos la póliza que cubre el mascarón de la Constancia desde que se descuelga de su clavo en Puerto Almedra hasta que vuelve a colgar de él. El valor asegurado es de 85.000 coronas.

Quedan excluidos los daños por insectos que ya vivían en la pieza y los causados por discursos de inauguración de más de veinte minutos; esta última cláusula es una broma de nuestro perito, pero está impresa y por lo tanto vale.

En caso de alarma de inundación, la caja puede trasladarse sin consultar a la aseguradora. Basta con avisar después.

! Atentamente
! Eulalia Montesclar
! Departamento de arte y transporte
"""

CORWELL = """
! 14 Lantern Street
! Port Ostrane
! 20 October 2020

! To the Editor, Ostrane Courier

# That was my street

Dear Editor,

Your front page of Friday has a fine photograph on it. I have lived for thirty-one years behind the third door from the left, the green one, and I should know it anywhere, even with a metre of water in front of it. Under it you print that this is Kelmersand.

I don't mind for myself. But my sister in Hollenquist Bay saw the paper in her library, read that the flood had been at Kelmersand, and did not telephone until Sunday. I had spent three nights on the floor of the Pilot School wondering why.

The lady at Kelmersand town hall, whom I rang, says that they have had parcels of blankets from people they have never heard of, and are dry, and don't know where to send them.

Would you please put it right, and not only on page nineteen.

! Yours truly
! Edith Corwell (Mrs)
"""

FISHERMEN = """
# Letter of the Fishermen's Association to the City Council

! 26 October 2020
! Joris Makepenny, for the Association

To the Mayor and Councillors,

You have asked who went out on the night of the fifteenth, so that the city can thank them. We have talked about it at the net store and would rather not give a list. There were eleven boats. Some had three aboard and some had one and a dog.

What we would like instead:

- Light on the steps at the fish market. We landed sixty-four people there in the dark, and two of them fell who had not fallen out of a window.

- A ladder that reaches at low water.

- The roof. You will remember the roof.

If there must be a plaque, put the names of the people who let us in at the doors with blankets. They are easier to find, since they stayed where they were.
"""

FENNIMARK = """
! Ropewalk 22
! 29 October 2020

! To the City Clerk

# The door

Dear Mrs Vintry,

I have been through my father's papers and found the enclosed, which is the carbon of a letter of 8 December 1997. He asks the Works Department that the doors of the cellar shops in Ropewalk be hung so that they open outward, because water leaning on a door that opens inward holds it shut, and a man inside can't pull against it. He had worked the sum out. At sixty centimetres of water it is a hundred and forty kilograms on an ordinary door.

The answer is pinned to it. It says that doors opening on the pavement are a danger to pushchairs.

I am not writing to blame anybody who was in office in 1997. I should like it to be read out on the third of November, both letters, one after the other, and then I should like the doors to be turned round.

! Tamsin Fennimark
"""

SCHOOL = """
# Thank you from class 5b

! Pilot School, Upper Mole Street
! 2 July 2021

Dear Ms Vasquell, dear Mr Abenworth,

thank you for showing us the lady from the Constancia. We had never seen anybody who was 150 years old and had blue shoes. Mr Berralta let us look through the hole in the crate before it was opened, and he said that she had slept well.

We liked best:

- that she held a real lantern, and the ring is still there;

- that nobody may talk loudly near her because of the paint;

- the telegram from 1954, because it is so short and so much happens in it.

We have counted the nails in the crate. There were 68. Please write and tell us whether that is right.

! Class 5b and Miss Harrowgale
"""

ANONYMOUS = """
To whom it concerns at the harbour

Ask the mate of the Wendelin how many sheets he had to fill in for one trip. There was the white one for the skipper and the yellow one for the office. The skipper sent his in as well. I typed them both, line under line, as they came, and when I asked I was told that Port Ostrane has a man on board who checks.

I do not want anything and I no longer work there.

(found under the door of the Harbour Office, 11 January 2021; date stamp of the Clerk)
"""

# Scanned papers. The line ends are those of the typewriter.

KEEPER_1931 = """
                          Gannet Light, 9 November 1931

To the Secretary
Maritime Museum, Port Ostrane


Dear Sir,

You ask what my father told me of the loss of
the brig CONSTANCIA, forty-four years ago today.
He was assistant keeper under old Marrable and
had the middle watch.

The wind had been north-west since noon with
snow in it. At ten minutes past two he saw a
light where no light should be, low down and
swinging, and took it for a boat. It was the
lantern in the hand of the figure under her
bowsprit. They had lit it, he said, because
all their other lamps were gone.

She struck at half past two. By daylight there
was only the foremast. Nine men were taken off
by the boats of Ezra Makepenny and of the two
Stallwood brothers, who had rowed out four
miles and were never thanked by anybody but
the nine.

The figure came ashore at the foot of our
steps on the Sunday. My father stood it up in
the oil store, where it frightened me as a
child, until a coaster's master asked for it
and took it south.

                    I am, Sir, yours faithfully,

                    Obadiah Trevanwick
                    Keeper
"""

TELEGRAM_1954 = """
        OSTRANE HARBOUR RADIO          FORM 6

   3 FEBRUARY 1954        HANDED IN 0520


   TO   HARBOUR MASTER BRAKENSIEL

   WATER 448 CENTIMETRES AT SALTERS QUAY
   AT 0450 AND STANDING STOP  WIND WEST 10
   STOP  BELL BUOY ADRIFT STOP  SHUT YOUR
   GATES AT ONCE STOP  DO NOT WAIT FOR
   CONFIRMATION STOP

              QUILLERTON  HARBOUR OFFICE


   RECEIVED 0531     GATES SHUT 0610
"""

MUSEUM_1962 = """
WOLDERING & SON
Ship Chandlers
Salters' Quay 5, Port Ostrane

                              17 May 1962

The Curator
Maritime Museum


Dear Mr Penhallick,

In clearing our loft we have come upon a brass
ship's chronometer in a teak box, number 417,
with the name CONSTANCIA scratched on the
inside of the lid.

My grandfather's day book for 1888 has this
entry: "Bt. of a Spaniard, one of the nine,
his captain's timepiece, he wd. take only the
fare home. 3 crowns 10. Not to be sold."

It never was sold and we do not think that it
should be now. If the museum would like it, it
is yours, on the condition that it be kept
wound.

                    Yours sincerely,

                    Lavinia Woldering
"""

PILOT_CERT_1987 = """
        PORT OSTRANE  PILOTAGE AUTHORITY

           CERTIFICATE OF COMPETENCY

                 No. 0212


   This is to certify that

             ANSELM DRAYWICK

   born 14 May 1961 has been examined in the
   knowledge of the channels, lights, marks,
   soundings and tides between the Gannet Shoal
   and the Lantern Bridge, and has been found
   competent to pilot vessels of any draught.

   The candidate took the cutter KITTIWAKE
   through the Swash by night, without lights,
   on the lead alone, at the request of the
   examiners, who do not intend to make that
   request again.


   Port Ostrane, 2 October 1987


   Sgd.  H. Stallwood        Sgd.  R. Coverley
   Senior Pilot              Secretary
"""

FLOOD_1954_A = """
   REPORT ON THE FLOOD OF 3 FEBRUARY 1954

   to the City Council, by the Harbour Master

                                      Page 1

1. The water began to rise at eleven in the
evening of the 2nd and stood at 448 cm at
Salters' Quay at ten minutes to five. It is
the highest that has been read since the
gauge was set up.

2. The watchman, Corporal Thaddeus Brindlecombe,
saw the water come over the third step at half
past two. The telephone was dead. He went from
door to door in Ropewalk and Lantern Street
with a saucepan and a soup ladle, for an hour
and a half, until the water was at his belt.

3. No life was lost in either street. In my
opinion this was the saucepan.

4. The sandbags could not be reached. They are
kept in the cellar of the Customs House, and I
have the honour to suggest that they be kept
somewhere else.
"""

FLOOD_1954_B = """
                                      Page 2

5. I recommend

   (a) that a siren be placed on the roof of
       the Customs House, and that its key hang
       where any person can reach it, and not
       on the ring of one man;

   (b) that the sandbags be moved to the tram
       shed, which is dry;

   (c) that the doors of cellar shops be hung
       to open outward;

   (d) that Corporal Brindlecombe be given a
       new saucepan, his own being now bent,
       and the thanks of the Council.

6. Of these, (d) will cost four crowns, and I
have already paid it.


   Port Ostrane, 20 February 1954

   J. Quillerton
   Harbour Master
"""

DELIVERY_NOTE = """
  COVERLEY & STALLWOOD      ROPE AND CANVAS
  Ropewalk 9, Port Ostrane

  DELIVERY NOTE  No. 4417      6 March 1978

  To: City Works Yard, for the Lantern Bridge


  Qty   Goods                        Crowns

   4    lantern glasses, ruby, 30 cm   88.00
   2    same, clear                    36.00
  60 m  manila rope, 24 mm             51.00
   1    tin putty                       2.40
                                      ------
                                      177.40


  Goods received in good order except one
  ruby glass cracked in the corner. Driver
  says it was so when loaded. Loader says
  it was the driver.


  Signed  W. Tarnowell sen., storeman
"""
