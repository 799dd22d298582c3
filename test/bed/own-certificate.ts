import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isInPath } from "./in-path.ts";

/** A key and a certificate for 127.0.0.1. */
export interface Certificate {
  /** Paths of PEM files. */
  readonly key: string;
  readonly certificate: string;
  /** The certificate itself, for whoever is to trust it. */
  readonly text: string;
}

/** Makes one that is good for a day; throws when there is no openssl. */
export async function ownCertificate(folder: string): Promise<Certificate> {
  if (!isInPath("openssl")) throw new Error("openssl is not in PATH (apt-get install openssl)");
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const what = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-days", "1", "-keyout", key, "-out", certificate];
  await promisify(execFile)("openssl", ["req", "-x509", ...what, ...names, ...files]);
  return { key, certificate, text: await readFile(certificate, "utf8") };
}
