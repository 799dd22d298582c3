import { expect, it } from "vitest";
import { parseAppFile } from "./parse-app-file.ts";
import { writtenSettings } from "./written-settings.ts";

const least = { name: "shop", run: "node x.js", probes: { readiness: { path: "/ready" } } };
const berlin = { zone: "Europe/Berlin" };

function settingsOf(windows: unknown) {
  const parsed = parseAppFile({ ...least, windows });
  if (parsed.kind === "ok") return parsed.spec.settings;
  throw new Error(parsed.problems.map((p) => p.message).join("\n"));
}

function toldOf(windows: unknown): readonly string[] {
  const parsed = parseAppFile({ ...least, windows });
  if (parsed.kind === "ok") return [];
  return parsed.problems.map((p) => (p.next === undefined ? p.message : `${p.message}; ${p.next}`));
}

it("reads when releases may begin, and shows it as it is written", () => {
  const written = [
    { days: ["mon", "tue"], from: "02:00", to: "05:00", ...berlin, below: "50/s" },
    { days: ["sat"], from: "22:30", to: "00:00", zone: "Asia/Kathmandu" },
  ];

  const settings = settingsOf([
    { ...written[0], days: ["tue", "mon", "tue"], from: "2:00" },
    { ...written[1], to: "24:00" },
  ]);

  expect(settings.windows).toEqual([
    { days: ["mon", "tue"], from: 120, to: 300, ...berlin, below: 50 },
    { days: ["sat"], from: 1350, to: 0, zone: "Asia/Kathmandu", below: null },
  ]);
  expect(writtenSettings(settings)).toMatchObject({ windows: written });
});

it("lets all but the zone be left out: the whole of every day", () => {
  expect(settingsOf([berlin]).windows).toEqual([
    {
      days: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
      from: 0,
      to: 0,
      ...berlin,
      below: null,
    },
  ]);
  expect(settingsOf([])).not.toHaveProperty("windows");
  expect(settingsOf(null)).not.toHaveProperty("windows");
});

const zoneRule = "it must be a time zone by its IANA name, such as Europe/Berlin or UTC";
const timeRule = "it must be a time of day such as 02:00, in quotes or not, up to";
const rateRule = "it must be requests per second, above 0, such as 50/s";

it.each<readonly [unknown, string]>([
  [
    { zone: "Europe/Berln" },
    `windows[0].zone is "Europe/Berln"; ${zoneRule}; did you mean Europe/Berlin?`,
  ],
  [
    { zone: "new york" },
    `windows[0].zone is "new york"; ${zoneRule}; did you mean America/New_York?`,
  ],
  [{ zone: "IST" }, `windows[0].zone is "IST"; ${zoneRule}`],
  [{ zone: "+02:00" }, `windows[0].zone is "+02:00"; ${zoneRule}`],
  [{}, `windows[0].zone is missing; ${zoneRule}`],
  [
    { ...berlin, days: ["monday"] },
    'windows[0].days[0] is "monday"; it must be one of mon, tue, wed, thu, fri, sat, sun; write mon',
  ],
  [
    { ...berlin, days: [] },
    "windows[0].days is an empty list; it must be a list of at least one day; left out, it is every day",
  ],
  [{ ...berlin, from: "24:00" }, `windows[0].from is "24:00"; ${timeRule} 23:59`],
  [{ ...berlin, to: "25:00" }, `windows[0].to is "25:00"; ${timeRule} 24:00`],
  [{ ...berlin, to: 5 }, `windows[0].to is 5; ${timeRule} 24:00`],
  [{ ...berlin, below: 50 }, `windows[0].below is 50; ${rateRule}`],
  [{ ...berlin, below: "0/s" }, `windows[0].below is "0/s"; ${rateRule}`],
  [{ ...berlin, form: "02:00" }, 'windows[0].form is not a known key; did you mean "from"?'],
  [
    "night",
    'windows[0] is "night"; it must be a mapping such as { from: 02:00, to: 05:00, zone: Europe/Berlin }',
  ],
])("refuses %j", (window, problem) => {
  expect(toldOf([window])).toEqual([problem]);
});

it("takes a list only", () => {
  expect(toldOf(berlin)).toEqual(["windows is a mapping; it must be a list of release windows"]);
});
