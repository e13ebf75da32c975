"""Mail: three threads, some single letters, and the harbour master's old mailbox.

build(files) takes the bytes of documents that are attached and returns {path: bytes}.
"""

import datetime as dt
from email.utils import format_datetime

from . import formats as f

TREASURER = "Casimir Adebrook <adebrook@portostrane.example>"
HARBOUR = "Tobias Renkvist <renkvist@portostrane.example>"
ENGINEER = "Oona Pellworth <pellworth@portostrane.example>"
CLERK = "Dorothea Vintry <vintry@portostrane.example>"
DAHLBROOK = "Sunniva Dahlbrook <s.dahlbrook@tolleby.example>"
DESK = "Picture desk <pictures@ostranecourier.example>"
BRIGHTMOOR = "Yolanda Brightmoor <brightmoor@ostranecourier.example>"
ULVANE = "Kester Ulvane <ulvane@ostranecourier.example>"
ABERNAY = "Ruth Abernay <archive@ostranecourier.example>"
STOBBLING = "Harriet Stobbling <press@kelmersand.example>"
VASQUELL = "Leonor Vasquell <vasquell@museum.portostrane.example>"
ABENWORTH = "Piers Abenworth <abenworth@museum.portostrane.example>"
CALDARROZ = "Inés Caldarroz <direccion@museo-almedra.example>"
BERRALTA = "Joaquín Berralta <berralta@museo-almedra.example>"
REIFENBRINK = "Jutta Reifenbrink <j.reifenbrink@ankermann.example>"

APPENDIX_C = """
# Appendix C: barge tally, July and August 2020

! Tolleby Marine Dredging, contract PC-2019-114

| Barge | Entries | Load (cubic metres) | Together (cubic metres) |
| Osprey II | 40 | 485 | 19,400 |
| Wendelin | 96 | 800 | 76,800 |

The entries were taken from the white sheets and the yellow sheets of the mate. The inspector of the City has countersigned every entry with P.L. The sheets can be seen at our office in Tolleby Haven, in the cupboard beside the coffee machine.
"""


def at(y, mo, d, h, mi, zone=1):
    return dt.datetime(y, mo, d, h, mi, tzinfo=dt.timezone(dt.timedelta(hours=zone)))


def when(*a, **k):
    return format_datetime(at(*a, **k))


def build(files):
    out = {}

    def put(name, m):
        out["mail/" + name] = m if isinstance(m, bytes) else m.as_bytes()

    # Thread 1: the disputed invoice.
    a1, a2, a3, a4 = ("<20201116.1@portostrane.example>", "<c41f-20201119@tolleby.example>", "<20201120.3@portostrane.example>", "<20210112.2@portostrane.example>")
    put("2020-11-16 invoice 2020-0388 - question.eml", f.message(
        TREASURER, DAHLBROOK, "Invoice 2020-0388: may we see the tally?", when(2020, 11, 16, 10, 4), a1, """
Dear Mrs Dahlbrook,

your invoice of 30 September (attached, so that we mean the same one) speaks of
96,200 cubic metres. The survey of 6 October finds 57,800. I am a treasurer and
not a hydrographer, but I can subtract.

Before I trouble the Council: could you send us the daily tally for July and
August, load by load?

With kind regards
Casimir Adebrook
City Treasurer, Port Ostrane
""", cc=HARBOUR, attach=[("invoice-2020-0388.pdf", files["harbour/tolleby-invoice-2020-0388.pdf"])]))
    put("2020-11-19 RE invoice 2020-0388 - tally.eml", f.message(
        DAHLBROOK, TREASURER, "RE: Invoice 2020-0388: may we see the tally?", when(2020, 11, 19, 16, 41), a2, """
Dear Mr Adebrook,

with pleasure. Appendix C is attached. Every entry has been countersigned by
your inspector.

May I ask for payment by the end of the month?

Sunniva Dahlbrook
Tolleby Marine Dredging

On 16 November 2020 at 10:04, Casimir Adebrook wrote:
> your invoice of 30 September (attached, so that we mean the same one) speaks of
> 96,200 cubic metres. The survey of 6 October finds 57,800. I am a treasurer and
> not a hydrographer, but I can subtract.
""", """
<html><body style="font-family:Verdana,sans-serif;font-size:10pt">
<p>Dear Mr Adebrook,</p>
<p>with pleasure. <b>Appendix C</b> is attached. Every entry has been countersigned by your inspector.</p>
<p>May I ask for payment by the end of the month?</p>
<p>Sunniva Dahlbrook<br>Tolleby Marine Dredging</p>
<blockquote style="border-left:2px solid #999;padding-left:8px"><p>On 16 November 2020 at 10:04, Casimir Adebrook wrote:<br>
your invoice of 30 September (attached, so that we mean the same one) speaks of 96,200 cubic metres. The survey of 6 October finds 57,800. I am a treasurer and not a hydrographer, but I can subtract.</p></blockquote>
</body></html>
""", cc=HARBOUR, reply_to=a1, refs=[a1], attach=[("Appendix C barge tally.docx", f.docx(APPENDIX_C, "Sunniva Dahlbrook", dt.datetime(2020, 11, 19, 15, 0)))]))
    put("2020-11-20 FW tally - not for the contractor.eml", f.message(
        HARBOUR, TREASURER, "FW: Invoice 2020-0388: may we see the tally?", when(2020, 11, 20, 7, 12), a3, """
Casimir,

96 entries for the Wendelin. She began on 3 August and her gearbox went on the
19th. That is fifteen working days. To make 96 trips to the Gannet Shoal she
would have had to do six a day, and it is two hours out and two hours home.

Half of 96 is 48. I think that I know what we shall find when we read the
column "entered at". Don't answer them yet. I should first like to talk to Piet.

T.

> with pleasure. Appendix C is attached. Every entry has been countersigned by
> your inspector.
""", reply_to=a2, refs=[a1, a2]))
    weigh = f.message(
        "Weighbridge <weighbridge@portostrane.example>", HARBOUR, "ticket 70113", when(2021, 1, 11, 15, 20), "<wb70113@portostrane.example>", """
Hello Tobias,

you asked for anything from August with the name of that barge on it. There is
one weighbridge ticket, no. 70113 of 6 August, 11:50: a lorry with 2.1 tonnes of
oily clay, landed at Berth 2 from the Wendelin.

In the tally she is at the Gannet Shoal at that hour, opening her doors.

Marguerite, at the weighbridge
""")
    put("2021-01-12 FW ticket from the weighbridge.eml", f.message(
        HARBOUR, TREASURER, "FW: ticket 70113", when(2021, 1, 12, 8, 1), a4, """
Casimir,

see the attached. It is one ticket, but a barge can't be in two places, and in
our books she has been for two weeks.

I have also had a note under the door. It goes to Dorothea for the stamp.

T.
""", cc=CLERK, refs=[a1, a2, a3], attach=[("ticket 70113.eml", weigh)]))

    # Thread 2: the picture with the wrong town.
    b1, b2, b3, b4 = ("<k-2020-1019-a@kelmersand.example>", "<pd.8841@ostranecourier.example>", "<pd.8843@ostranecourier.example>", "<pd.8850@ostranecourier.example>")
    put("2020-10-19 we are not flooded.eml", f.message(
        STOBBLING, DESK, "We are not flooded", when(2020, 10, 19, 9, 15, zone=2), b1, """
Dear picture desk,

on the front page of Friday you show "Kelmersand: residents are rowed to safety
along a flooded quay". Kelmersand has no quay. We have a beach and a bandstand,
and both are dry.

Since Friday we have been sent forty-one parcels of blankets, and a journalist
has asked our mayor how it feels.

Could you please find out where the picture was really taken, and say so as
large as you said the other thing?

Harriet Stobbling
Press officer, Town of Kelmersand
"""))
    put("2020-10-19 RE we are not flooded - internal.eml", f.message(
        BRIGHTMOOR, ULVANE, "Fwd: We are not flooded", when(2020, 10, 19, 10, 2, zone=2), b2, """
Kester,

the sign in your picture says Salters' Quay. I can read it on my screen without
glasses. The City field says Kelmersand, in the IPTC block and again in the XMP.
How did that happen, and which other pictures have it?

Yolanda

> on the front page of Friday you show "Kelmersand: residents are rowed to safety
> along a flooded quay". Kelmersand has no quay. We have a beach and a bandstand,
> and both are dry.
""", cc=ABERNAY, reply_to=b1, refs=[b1]))
    put("2020-10-19 RE RE we are not flooded - photographer.eml", f.message(
        ULVANE, BRIGHTMOOR, "Re: Fwd: We are not flooded", when(2020, 10, 19, 10, 48, zone=2), b3, """
Yolanda,

my fault. On the 9th I did the bowls final at Kelmersand and put the town into
the camera's template. On the 15th I was on the quay at ten past seven with wet
feet and did not look. It is Salters' Quay, Port Ostrane, by the chandler's.

Only the one frame was sent, OC-20201015-007. The later ones I had captioned by
hand, in the car.

I am sorry. I have written to Mrs Corwell as well.

Kester

>> Kelmersand has no quay.
> How did that happen, and which other pictures have it?
""", cc=ABERNAY, reply_to=b2, refs=[b1, b2]))
    put("2020-10-23 please correct our picture OC-20201015-007.eml", f.message(
        ABERNAY, "desk@moleagency.example, photo@nordpix.example, " + VASQUELL.split("<")[1][:-1], "Please correct our picture OC-20201015-007: it is not Kelmersand – it is Port Ostrane", when(2020, 10, 23, 17, 30, zone=2), b4, """
To all who had this picture from us,

picture OC-20201015-007, "Rowing boat on the flooded quay", which we sent you on
15 October, carries the wrong place. Please change in your copy

    City:      Kelmersand     ->  Port Ostrane
    Sublocation:  (empty)     ->  Salters' Quay
    Caption:   "Kelmersand:"  ->  "Port Ostrane:"

and in everything that you have made from it. The attached copy is the small one
that you had, so that you can find it; its fields are STILL WRONG. Please tell us
when it is done, and to whom you have passed it on.

Ruth Abernay
Archive, Ostrane Courier
""", """
<html><body>
<p>To all who had this picture from us,</p>
<p>picture <b>OC-20201015-007</b>, &ldquo;Rowing boat on the flooded quay&rdquo;, which we sent you on 15 October, carries the wrong place. Please change in your copy</p>
<table border="1" cellpadding="4"><tr><td>City</td><td><s>Kelmersand</s></td><td>Port Ostrane</td></tr>
<tr><td>Sublocation</td><td></td><td>Salters' Quay</td></tr>
<tr><td>Caption</td><td><s>&ldquo;Kelmersand:&rdquo;</s></td><td>&ldquo;Port Ostrane:&rdquo;</td></tr></table>
<p>and in everything that you have made from it. The attached copy is the small one that you had, so that you can find it; its fields are STILL WRONG. Please tell us when it is done, and to whom you have passed it on.</p>
<p>Ruth Abernay<br>Archive, Ostrane Courier</p>
</body></html>
""", cc=", ".join([DESK, STOBBLING]), reply_to=b1, refs=[b1, b2, b3], attach=[("OC-20201015-007_small.jpg", files["flood_small"])]))

    # Thread 3: the loan.
    c1, c2, c3 = ("<ma-210511-1@museo-almedra.example>", "<m.2021.0512@museum.portostrane.example>", "<ma-210513-4@museo-almedra.example>")
    put("2021-05-11 poliza y silla.eml", f.message(
        BERRALTA, ABENWORTH, "La póliza, la silla y el café", when(2021, 5, 11, 12, 30, zone=2), c1, """
Estimado Piers:

faltan catorce días y me faltan tres cosas: la póliza, la silla y el café. Sin la
póliza no hay viaje; sin la silla, sí, pero de pie.

El registrador de humedad ya está dentro de la caja y marca 52. He cambiado dos
tornillos y le he explicado a la señora adónde vamos. No ha dicho nada, como
siempre.

Un abrazo
Joaquín Berralta
Conservador
""", cc=CALDARROZ))
    put("2021-05-12 RE poliza y silla.eml", f.message(
        ABENWORTH, BERRALTA, "Re: La póliza, la silla y el café", when(2021, 5, 12, 9, 5, zone=2), c2, """
Querido Joaquín,

the certificate is coming from La Bitácora this week, I have telephoned. The
chair is from the reading room and has arms. There will be coffee; whether you
will call it that is another matter.

Berth 4, Friday 28 May, on the morning tide. I shall be the one with the trolley.

Piers

> faltan catorce días y me faltan tres cosas: la póliza, la silla y el café. Sin la
> póliza no hay viaje; sin la silla, sí, pero de pie.
""", cc=CALDARROZ, reply_to=c1, refs=[c1]))
    body = """Estimado Piers:

¡qué alegría! Entonces está todo. Un detalle: en el muelle, la caja no debe
esperar al sol ni un cuarto de hora. Si llueve, mejor; la señora está
acostumbrada.

He encontrado los apellidos de los pescadores en una carta vieja que me enseñó
Inés: Makepenny y los hermanos Stallwood. Pónganlos en el rótulo, por favor, y
más grandes que el mío.

> The chair is from the reading room and has arms.

Los brazos son lo de menos. ¿Tiene respaldo?

Joaquín
"""
    head = f"""From: =?iso-8859-1?Q?Joaqu=EDn_Berralta?= <berralta@museo-almedra.example>
To: Piers Abenworth <abenworth@museum.portostrane.example>
Cc: =?iso-8859-1?B?SW7pcyBDYWxkYXJyb3o=?= <direccion@museo-almedra.example>
Subject: =?iso-8859-1?Q?Re:_La_p=F3liza,_la_silla_y_el_caf=E9?=
Date: {when(2021, 5, 13, 18, 22, zone=2)}
Message-ID: {c3}
In-Reply-To: {c2}
References: {c1} {c2}
MIME-Version: 1.0
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

"""
    put("2021-05-13 RE RE poliza y silla.eml", (head + body).replace("\n", "\r\n").encode("latin-1"))

    # Single letters.
    put("2020-11-21 Brand in der Schmiede.eml", f.message(
        REIFENBRINK, ENGINEER, "Brand in der Gesenkschmiede – größere Verzögerung", when(2020, 11, 21, 6, 50), "<an-201121-01@ankermann.example>", """
Sehr geehrte Frau Pellworth,

ich schreibe Ihnen, bevor Sie es aus der Zeitung erfahren: Heute Nacht hat es in
der Gesenkschmiede gebrannt. Es ist niemand zu Schaden gekommen. Wie groß die
Verzögerung für Ihren Bolzen wird, kann ich am Dienstag sagen. Der Brief folgt.

Das Größte ist gerettet: Ihre beiden Lager waren schon in der Prüfhalle.

Mit freundlichen Grüßen
Jutta Reifenbrink
""", charset="iso-8859-1"))
    put("2021-08-30 sandwiches.eml", f.message(
        TREASURER, HARBOUR, "The settlement, and who pays for the sandwiches", when(2021, 8, 30, 17, 5, zone=2), "<20210830.7@portostrane.example>", """
Tobias,

they agreed. 959,480 and the twelve days. Holmquay read the two columns himself,
with his finger, and then said a word in front of Mrs Dahlbrook that I have not
heard since I was at sea.

The draft goes to Dorothea tomorrow. The schedule of daily rates is in a file
with a password, as they asked. You know the password: it is what the lady in the
museum held in her hand.

The sandwiches I have put on the city.

Casimir
"""))

    # The old mailbox of the harbour master.
    def old(sender, to, subject, t, mid, text, **k):
        return (sender.split("<")[1][:-1], t.astimezone(dt.timezone.utc), f.message(sender, to, subject, format_datetime(t), mid, text, **k))

    box = [
        old(CLERK, HARBOUR, "Keys of the cellar", at(2020, 6, 3, 9, 0, 2), "<mb1@portostrane.example>", """
Dear Tobias,

your letter about the sandbags is on the agenda for the 23rd. Could you count them?
The Treasurer has 4,000 in his books.

Dorothea
"""),
        old(HARBOUR, CLERK, "Re: Keys of the cellar", at(2020, 6, 3, 11, 30, 2), "<mb2@portostrane.example>", """
Dear Dorothea,

I counted 3,912 and one hedgehog. The hedgehog is not in the books.

Tobias

> Could you count them?
""", reply_to="<mb1@portostrane.example>", refs=["<mb1@portostrane.example>"]),
        old("Anselm Draywick <draywick@pilots.example>", HARBOUR, "Eelgrass north of buoy 11", at(2020, 7, 8, 20, 15, 2), "<mb3@pilots.example>", """
Tobias,

From the pontoon this evening I saw the Marten anchored inside the eelgrass beds,
a cable north of buoy 11. The contract says that she must not. By the time I had
found my telephone she had gone.

From what the ferry tells me it was not the first time.

Anselm
"""),
        old(HARBOUR, DAHLBROOK, "Eelgrass", at(2020, 7, 9, 8, 0, 2), "<mb4@portostrane.example>", """
Dear Mrs Dahlbrook,

the Marten was anchored in the eelgrass last night. Please don't. There are
seahorses in it, and a professor.

Tobias Renkvist
""", refs=["<mb3@pilots.example>"]),
        old(DAHLBROOK, HARBOUR, "RE: Eelgrass", at(2020, 7, 9, 9, 12, 2), "<mb5@tolleby.example>", """
Dear Mr Renkvist,

it will not happen again. The skipper says that the buoy was not where it should
be. We have told him that the eelgrass was.

Sunniva Dahlbrook
""", reply_to="<mb4@portostrane.example>", refs=["<mb3@pilots.example>", "<mb4@portostrane.example>"]),
        old("Gauge <gauge@portostrane.example>", HARBOUR, "ALERT level 3.90 m", at(2020, 10, 15, 0, 22, 2), "<mb6@portostrane.example>", """
Automatic message. Salters' Quay: level 3.90 m, rising 34 cm per hour.
Nobody has acknowledged this message.
"""),
        old("Wiebke Tammensen <tammensen@brakensiel.example>", HARBOUR, "Pegel – ist das richtig?", at(2020, 10, 15, 2, 51, 2), "<mb7@brakensiel.example>", """
Lieber Herr Renkvist,

Ihr Pegel zeigt bei uns 4,61 m. Ist das richtig, oder hängt der Schwimmer? Wir
schließen das Siel auf jeden Fall.

Wiebke Tammensen
"""),
        old(HARBOUR, "Wiebke Tammensen <tammensen@brakensiel.example>", "Re: Pegel – ist das richtig?", at(2020, 10, 15, 3, 2, 2), "<mb8@portostrane.example>", """
Es ist richtig. Schließen Sie alles.

T. R.

> Ist das richtig, oder hängt der Schwimmer?
""", reply_to="<mb7@brakensiel.example>", refs=["<mb7@brakensiel.example>"]),
    ]
    out["mail/harbour-master-2020.mbox"] = f.mbox(box)
    return out
