const byteUnits = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
} as const;

const bytesPattern = /^(\d{1,15}(?:\.\d{1,6})?)(|k|M|G|T|Ki|Mi|Gi|Ti)$/u;
const coresPattern = /^(\d{1,9})m$|^(\d{1,6}(?:\.\d{1,3})?)$/u;

/** Bytes of a Kubernetes memory quantity (`256Mi`, `1.5G`, `1000000`); null for anything else. */
export function parseBytes(quantity: string | number): number | null {
  const found = bytesPattern.exec(String(quantity).trim());
  const amount = found?.[1];
  const unit = found?.[2];
  if (amount === undefined || !isByteUnit(unit)) return null;
  const bytes = Math.round(Number(amount) * byteUnits[unit]);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Cores of a Kubernetes CPU quantity (`500m`, `0.5`, `2`), to a thousandth; null for anything else. */
export function parseCores(quantity: string | number): number | null {
  const found = coresPattern.exec(String(quantity).trim());
  if (found === null) return null;
  const [, milli, cores] = found;
  return milli === undefined ? Number(cores) : Number(milli) / 1000;
}

function isByteUnit(unit: string | undefined): unit is keyof typeof byteUnits {
  return unit !== undefined && Object.hasOwn(byteUnits, unit);
}
