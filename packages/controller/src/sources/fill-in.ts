import type { SecretSource } from "@hitless/core";

/** The text with the number of the revision in place of every `{{revision}}`. */
export function fillIn(text: string, revision: number): string {
  return text.replace(/\{\{\s*revision\s*\}\}/gu, String(revision));
}

/** What a sentence goes on with when something could not be had. */
export interface Missing {
  readonly reason: string;
}

/** An address with the values of its `$NAME`, percent-encoded. Never throws. */
export async function filledUrl(written: string, secrets: SecretSource): Promise<URL | Missing> {
  let url = written;
  for (const [reference, name = ""] of url.matchAll(/\$([A-Z_][A-Z0-9_]*)/gu)) {
    const value = await secrets.read(name).catch(() => undefined);
    if (value === undefined) return { reason: `${name} is not set for the controller` };
    url = url.replace(reference, () => encodeURIComponent(value));
  }
  return URL.canParse(url) ? new URL(url) : { reason: "its address is no URL once filled in" };
}
