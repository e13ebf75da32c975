"""Papers of the harbour office: the dredging, the bridge, the tides."""

import datetime as dt
import math
import random

CONTRACT = """
# Contract PC-2019-114: dredging of the Eastern Fairway

! between the City of Port Ostrane, represented by its Harbour Master, Tobias Renkvist ("the City")
! and Tolleby Marine Dredging, represented by its managing director, Gerrit Holmquay ("the Contractor")
! signed at Port Ostrane on 2 April 2019

## 1. The work

The Contractor removes about 412,000 cubic metres of material from the Eastern Fairway, from the Lantern Bridge to the outer mole, so that a depth of 11.5 metres below chart datum is left over the full width of 120 metres.

## 2. Time

The work begins on 6 May 2019 and ends on 31 October 2020. Days on which the wind at the mole head exceeds force 7 for more than six hours are added.

## 3. Price

The price is 16.60 crowns for each cubic metre measured in place, in all 6,839,200 crowns for the estimated volume.

## 9. Disposal

Material is taken to the licensed ground at the Gannet Shoal. The master of the barge records the time, the position and the load when the doors are opened. Material that smells of oil is not taken to the Gannet Shoal but landed at Berth 2.

## 11. Shortfall

Where a survey finds less than the agreed depth, the Contractor returns and makes it good at his own cost, within ninety days of being asked.

## 14. Measurement and payment

14.1 The volume is the difference between two surveys of the bed.

14.2 The surveys are made by Tidelode Survey Partners, or by another surveyor whom the City names. The Contractor may be present.

14.3 Until a survey is at hand the City may make payments on account by the tally of barge loads. Such payments are set right at the next survey. They are no admission of the volume.

14.4 A difference of less than three per cent between tally and survey is disregarded.

## 17. Standing by

If the City closes the fairway for a reason that the Contractor has not caused, it pays 3,500 crowns for each full day on which the dredger Marten stands by with her crew.

## 21. Talking first

The parties meet before either goes to law. They bring their books.

| Schedule | Content |
| A | Chart of the fairway with limits, 1 : 5,000 |
| B | Plant: dredger Marten; barges Osprey II (485 cubic metres) and, from August 2020, Wendelin (800 cubic metres) |
| C | Form of the daily tally |
| D | Licence for the ground at the Gannet Shoal |

! For the City: Tobias Renkvist
! For the Contractor: Gerrit Holmquay
"""

TENDER = [
    ("Evaluation", [
        ["Criterion", "Weight", "Tolleby Marine Dredging", "Hollenquist Waterworks", "Brandaire and Sons"],
        ["Price (crowns)", 50, 6839200, 7334000, "withdrawn"],
        ["Points for price", 50, 50.0, 46.6, ""],
        ["Plant and crew", 20, 16.0, 18.0, ""],
        ["Earliest start", 15, 15.0, 8.0, ""],
        ["Care for the ground and its fish", 10, 6.5, 8.0, ""],
        ["References", 5, 3.0, 5.0, ""],
        ["Points together", 100, 90.5, 85.6, ""],
    ], {"E2": "Letter of 4 March 2019: their suction dredger is under arrest abroad."}),
    ("Openings", [
        ["Envelope", "Received", "Opened by", "Witness"],
        ["A", "2019-02-14 16:05", "Dorothea Vintry", "Lucia Ferrandel"],
        ["B", "2019-02-15 09:40", "Dorothea Vintry", "Lucia Ferrandel"],
        ["C", "2019-02-15 11:58", "Dorothea Vintry", "Lucia Ferrandel"],
    ]),
    ("Questions", [
        ["Bidder", "Question", "Answer"],
        ["Hollenquist Waterworks", "May eelgrass be replanted instead of avoided?", "No. The beds north of buoy 11 are to be left alone."],
        ["Tolleby Marine Dredging", "Is night work allowed?", "Yes, but not within 300 m of Lantern Street after 22:00."],
        ["Brandaire and Sons", "Who measures?", "Tidelode Survey Partners, named by the city."],
    ]),
]


def spoil_log():
    """The contractor's tally for July and August 2020, with every load of the Wendelin in it twice."""
    r = random.Random(2020)
    rows = [["date", "time", "barge", "load_m3", "entered_at", "position", "countersigned"]]
    osprey, wendelin = 40, 48
    for day in (dt.date(2020, 7, 1) + dt.timedelta(n) for n in range(62)):
        if day.weekday() == 6:
            continue
        if osprey and day != dt.date(2020, 7, 14):
            osprey -= 1
            rows.append([day.isoformat(), f"06:{r.randrange(60):02d}", "Osprey II", 485, "dredger", "fairway", "P.L."])
        if dt.date(2020, 8, 3) <= day <= dt.date(2020, 8, 19):
            for k in range(min(wendelin, 4 if day.day in (5, 14, 19) else 3)):
                wendelin -= 1
                h, m = 5 + 4 * k, r.randrange(60)
                rows.append([day.isoformat(), f"{h:02d}:{m:02d}", "Wendelin", 800, "dredger", "fairway", "P.L."])
                rows.append([day.isoformat(), f"{h + 2:02d}:{(m + 35) % 60:02d}", "Wendelin", 800, "disposal ground", "Gannet Shoal", "P.L."])
    assert sum(x[3] for x in rows[1:]) == 96_200, (osprey, wendelin)
    return rows


INVOICE = """
# Invoice 2020-0388

! Tolleby Marine Dredging
! Slipway Road 2, Tolleby Haven
! 30 September 2020

! To: City of Port Ostrane, City Treasurer, Customs House, Port Ostrane

! Contract: PC-2019-114, dredging of the Eastern Fairway
! Period: 1 July to 31 August 2020

| Item | Quantity (cubic metres) | Rate (crowns) | Amount (crowns) |
| Removal and disposal, barge Osprey II | 19,400 | 16.60 | 322,040 |
| Removal and disposal, barge Wendelin | 76,800 | 16.60 | 1,274,880 |
| Together | 96,200 | 16.60 | 1,596,920 |

Volumes according to the daily tally, countersigned by the inspector of the City. Payable within thirty days. Please quote the number of the invoice.

We thank you for your trust and look forward to finishing the fairway with you before the winter.

! Sunniva Dahlbrook
! Contract manager
"""

TIMELINE = """
# The disputed invoice: what happened when

Kept by the Harbour Office for the Treasurer. Last entry at the foot.

| Date | Event | Paper |
| 2 April 2019 | contract PC-2019-114 signed | contract |
| February 2020 | last survey before the summer | Tidelode TL-2020-09 |
| 3 to 19 August 2020 | loads of the Wendelin entered twice, 48 times 800 cubic metres | spoil log |
| 30 September 2020 | invoice 2020-0388 over 1,596,920 crowns | invoice |
| 6 October 2020 | survey; shoal off Berth 7, volume too small | Tidelode TL-2020-57 |
| 15 October 2020 | flood; nobody looks at invoices for a month | |
| 16 November 2020 | Treasurer asks for the tally | mail |
| 19 November 2020 | contractor sends Appendix C | mail |
| 4 December 2020 | contractor insists | letter |
| 18 December 2020 | Harbour Master answers with the comparison | letter |
| 12 January 2021 | weighbridge ticket found | mail |
| 9 February 2021 | Council: pay 959,480, withhold 637,440 | minutes |
| 2 August 2021 | survey clean | Tidelode TL-2021-31 |
| 14 September 2021 | settlement at 1,001,480 crowns | minutes of the Harbour Committee |

## What we should have done

Survey in June. We put it off because the boat was needed for the regatta.
"""

SURVEY = """
# Survey of the Eastern Fairway, report TL-2020-57

! Tidelode Survey Partners
! Field work 5 and 6 October 2020; report 9 October 2020
! Surveyor: Dr Emeka Larrimor

## Summary

The contract depth of 11.5 metres below chart datum has been reached over 98.6 per cent of the area. One shoal remains, off Berth 7, between 1,180 and 1,420 metres from the Lantern Bridge. Its least depth is 10.2 metres. The volume still to be removed there is about 6,900 cubic metres.

## Method

A multibeam sounder was run from the survey launch Plover on lines 12 metres apart, with cross lines each 100 metres. Heights were taken from the tide gauge at Salters' Quay, which was levelled against the mark on the Customs House before and after the work and agreed within 8 millimetres. The speed of sound was measured each two hours. The sea was slight on both days.

The uncertainty of a single depth is 0.11 metres and that of the whole volume 1.2 per cent, in both cases at the 95 per cent level.

## Volume

| Between surveys | In place (cubic metres) | Billed (cubic metres) | Difference |
| May 2019 to February 2020 | 196,400 | 198,100 | 0.9 per cent |
| February to 30 June 2020, on account | 150,900 | 152,900 | 1.3 per cent |
| 1 July to 31 August 2020 | 57,800 | 96,200 | 66 per cent |

We can't explain the last line by settling, by overspill or by what the tide brings in. The bed between buoys 7 and 11 was firm clay, with bucket marks still sharp to the hand of the diver. We suggest that the tally of loads for July and August be looked at again.

## The shoal off Berth 7

The material is stiff blue clay with stones. The bucket seems to have ridden over it. A vessel of ten metres draught should not use the berth within two hours of low water until it has been taken down. We have told the pilots by telephone.

## Remarks

On the second day the launch recovered, at the edge of the fairway, an iron ring with a length of chain, of some age. It was handed to the museum.

! Emeka Larrimor
! Hydrographic surveyor
"""


def tide_gauge():
    """Hourly levels for 12 to 18 October 2020, with the readings of the flood night fixed to the minutes of the Council."""
    r = random.Random(1893)
    rows = [["time_local", "level_m", "wind_dir", "wind_bft", "remark"]]
    fixed = {
        ("14", "20:00"): (2.94, "gale warning SW 9"), ("14", "21:00"): (3.12, ""), ("14", "22:00"): (3.31, "ferry withdrawn"),
        ("14", "23:00"): (3.55, ""), ("15", "00:00"): (3.80, ""), ("15", "01:00"): (4.13, ""),
        ("15", "02:00"): (4.43, "wind veers W"), ("15", "02:40"): (4.61, "HIGH WATER; highest since 1893"),
        ("15", "03:00"): (4.52, ""), ("15", "04:00"): (4.17, ""), ("15", "05:00"): (3.86, ""), ("15", "06:00"): (3.61, ""), ("15", "07:00"): (3.40, ""),
    }
    for day in range(12, 19):
        for hour in range(24):
            t = (day - 12) * 24 + hour
            surge = 1.5 * math.exp(-(((t - 74) / 9) ** 2))
            level = 1.55 + 1.25 * math.cos(2 * math.pi * (t - 1.5) / 12.42) + surge + r.gauss(0, 0.02)
            wind = 4 + int(5 * math.exp(-(((t - 73) / 10) ** 2)) + r.random())
            key = (str(day), f"{hour:02d}:00")
            remark = ""
            if key in fixed:
                level, remark = fixed[key]
            dirn = "W" if t > 73 else "SW"
            rows.append([f"2020-10-{day} {hour:02d}:00", f"{level:.2f}", dirn, wind, remark])
            if (day, hour) == (15, 2):
                level, remark = fixed[("15", "02:40")]
                rows.append(["2020-10-15 02:40", f"{level:.2f}", "W", 10, remark])
    return rows


BERTHS = [
    ("June 2021", [
        ["Berth", "Length (m)", "Depth (m)", "Ship", "From", "To", "Cargo"],
        ["1", 90, 6.5, "pilot launch and tugs", "2021-06-01", "2021-06-30", ""],
        ["2", 110, 7.0, "Marten", "2021-06-01", "2021-06-12", "dredger, repairs"],
        ["3", 0, 0, "closed", "2021-06-01", "2021-06-30", "quay wall settled 22 m"],
        ["4", 140, 9.0, "Santa Brígida", "2021-05-28", "2021-05-30", "general; one crate for the museum"],
        ["5", 180, 10.5, "Nordic Juniper", "2021-06-03", "2021-06-06", "barley"],
        ["6", 180, 11.0, "Hulda Bay", "2021-06-08", "2021-06-11", "timber"],
        ["7", 210, 11.5, "Amber Trader", "2021-06-14", "2021-06-17", "containers"],
    ], {"C8": "10.2 m until the shoal is gone. Tell every agent. T.R."}),
    ("Ships", [
        ["Ship", "Length (m)", "Draught (m)", "Home port", "Agent"],
        ["Santa Brígida", 86, 5.4, "Puerto Almedra", "Olivalta Hermanos"],
        ["Nordic Juniper", 142, 8.1, "Brakensiel", "Harkensee Reederei"],
        ["Hulda Bay", 128, 7.7, "Tolleby Haven", "Mole Agency"],
        ["Amber Trader", 196, 10.4, "Port Ostrane", "Mole Agency"],
    ]),
]

BRIDGE_REPORT = """
# Lantern Bridge: principal inspection 2020

! Report of the City Engineer, Oona Pellworth
! Inspection 11 to 29 May 2020; report 9 June 2020

## 1. The bridge

The Lantern Bridge was opened in 1911. It has three steel arches of 46 metres over stone piers, with the deck hung below the arches, and is named after the four lanterns on its piers, which served as leading lights until 1934. Each arch is held at its feet and at its crown by steel pins of 180 millimetres diameter, twenty-four in all.

## 2. What was done

All pins were uncovered, cleaned of paint and looked at in daylight with a glass. Twelve were tested by ultrasound from both ends. The bearings were jacked and measured. The piers were looked at by a diver as far as the visibility of forty centimetres allowed.

## 3. Findings

| Part | State | Measure |
| Pins 1 to 5, 7 to 13, 15 to 18, 20 to 24 | fair or good | none; repaint |
| Pins 6 and 19 | wear of 1.1 and 1.4 mm | measure again in 2022 |
| Pin 14 | fatigue crack, 23 mm, into the eye plate | replace; restrict load at once |
| Bearings of span 2, upstream | corroded, movement stiff | replace together with pin 14 |
| Piers | joints washed out to 12 cm at pier B | repoint at low water |
| Lanterns | glass of lantern 3 broken | the tram society offers to help |

## 4. Pin 14

The crack begins at the lubrication groove at about four o'clock, seen from upstream, and runs 23 mm into the plate. Its faces are rusted, so that it is not new; the innermost three millimetres are bright. It has therefore grown within the last season. I have had a photograph taken with a rule beside it.

The cause is, in my opinion, not the daily traffic but the stiff bearing next to it. Instead of rolling, it sticks and lets go, and each time the pin is bent a little. Replacing the pin without the bearing would be money thrown in the river.

## 5. Recommendations

- Restrict the load to 7.5 tonnes until pin and bearings have been replaced.

- Fix a gauge across the crack and read it every morning at seven. If it has grown by half a millimetre, close the bridge and ask afterwards.

- Order one pin and two bearings from Ankermann Stahlbau, Brakensiel.

! Oona Pellworth
! City Engineer
"""

LOAD_NOTICE = """
# Lantern Bridge: 7.5 tonnes

! Notice of the City Engineer
! in force from Friday 26 June 2020, 05:00

No vehicle of more than 7.5 tonnes may cross the Lantern Bridge. This holds for lorries, for buses and for the refuse collection. Ambulances and the fire brigade may cross one at a time.

| Who | What to do |
| Bus 4 | turns at the chandler's; walk across or take the shuttle |
| Shuttle | every 15 minutes, 06:00 to 22:00, free of charge |
| Lorries | by the ring road and the north lock |
| Cyclists and walkers | as before |

The axle weight is read by cameras at both ends. The fine is 400 crowns, and 1,200 for the second time.

The reading of the gauge on pin 14 is posted here every Monday. If you see somebody at seven in the morning lying on the pavement with a torch: that is the City Engineer's assistant, and all is well.
"""

PILOT_NOTES = """
# Pilots' notes, autumn 2020

! Written up by Captain Anselm Draywick for those who come after

Eastern Fairway. Since the dredger went through between buoys 3 and 9 the ebb sets harder to the north than it used to. Allow half a cable. Off Berth 7 there is a lump that nobody wishes to talk about. Ten metres two, says the surveyor. I say the same with a lead line and a bit of tallow: blue clay.

Gannet Shoal. The bell buoy rings in a swell from the south-west long before you feel it aboard. If the bell is silent in a south-westerly, the buoy has gone, as it had in 1954 and in 1987. Do not go and look.

Lantern Bridge. Air draught 14.6 metres at mean high water. The two upstream lights on the second span are out because of the scaffolding. The engineer's boy waves from under there in the mornings. Wave back.

The night of the 14th. I brought the ferry in at ten with the wind on the beam and have never before seen the church clock from below. We lay at the pilot station with steam up, as we still say, until half past one, and then went with the fishermen. Sixty-four people. One parrot.

Petrel. The mooring launch broke loose at about three and was last seen going out under the bridge, very steadily, as if somebody were aboard. Nobody was.

On signals. It ought to be written down that the horn may be used. I have now written it down.
"""

NOTICE_MARINERS = """
# Notice to mariners 31/2020

! Port Ostrane Harbour Office
! 16 October 2020

1. Following the flood of 15 October the Eastern Fairway is closed to vessels of more than 40 metres until further notice. Timber, barrels and at least one garden shed are afloat between buoys 4 and 12.

2. Berth 3 is closed. The quay wall has settled.

3. The light on the outer mole is out of order. A temporary light, flashing yellow every four seconds, is shown at a height of 5 metres.

4. The mooring launch Petrel (grey hull, 7 metres, no lights) is adrift. Masters who sight her are asked to report to the Harbour Office on channel 12.

5. The gauge at Salters' Quay is working. Levels are read out on channel 12 at each full hour.

! T. Renkvist
! Harbour Master
"""

SETTLEMENT_DRAFT = """
# Settlement between the City of Port Ostrane and Tolleby Marine Dredging

! Draft 3, 7 September 2021
! not signed; with the changes that the Harbour Committee may make

## 1. What was in dispute

Invoice 2020-0388 of 30 September 2020 under contract PC-2019-114. The parties agree that the loads of the barge Wendelin between 3 and 19 August 2020 were entered twice in the tally, and that nobody intended it.

## 2. What is paid

| Ground | Crowns |
| 57,800 cubic metres at 16.60 | 959,480 |
| standing by, twelve days at 3,500 | 42,000 |
| together | 1,001,480 |

Payment falls due thirty days after signature.

## 3. What was done

The Contractor has removed the shoal off Berth 7 at his own cost. The survey TL-2021-31 of 2 August 2021 is accepted by both sides.

## 4. Silence

[The parties keep this settlement to themselves. The Clerk notes: standing order 4.2; to be put to the Committee.]

## 5. Costs

Each side bears its own. The sandwiches of 30 August were paid by the City and are not to be mentioned again.
"""

SLIDES_TEXT = [
    ("Shore power at Berths 5 to 7", ["Ships at the quay burn 1,900 tonnes of fuel oil a year for light and pumps", "A cable from the substation at the Works Yard is 640 metres long", "Cost 2.3 million crowns; grant of 40 per cent if we apply this year"], "berth", "Berth 7 at sunrise, June 2021", "Start with the noise, not with the carbon. Lantern Street sleeps with closed windows when a grain ship is in."),
    ("What the flood taught us", ["4.61 m at Salters' Quay, 15 October 2020, 02:40", "35 minutes from the order to the siren", "Every switchboard goes above 5.20 m"], "flood", "Salters' Quay, Port Ostrane, on the morning after", "The picture came from the newspaper. Check what the file says about the place before anybody puts it on the web page."),
    ("The fairway today", ["11.5 m from the Lantern Bridge to the outer mole", "No shoal left off Berth 7 (survey of 2 August 2021)", "Survey every eight weeks from now on"], None, "", "Thank the pilots."),
    ("What we ask for", ["A fuller paper in November", "Leave to talk to the electricity works", "One visit to Brakensiel, where it runs already"], None, "", ""),
]
