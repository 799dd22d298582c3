import { defaultFront, type FrontSettings } from "@hitless/core/traffic";
import { AccessLog } from "./access-log.ts";
import { Admission } from "./admission.ts";
import { TrustedProxies } from "./trusted-proxies.ts";

export interface FrontOptions {
  /** Where requests are written down when the settings say so; null: nowhere. */
  readonly accessLog: string | null;
  /** How many clients the process can take, whatever the settings say. */
  readonly mostClients: number;
}

/** How one worker meets its clients: whom it believes, lets in, and writes down. */
export class Front {
  readonly admission: Admission;
  /** Null: nothing is written down. */
  log: AccessLog | null = null;
  trust = new TrustedProxies([]);
  /** Longest body of a request, bytes; Infinity: any. */
  maxBodyBytes = Number.POSITIVE_INFINITY;
  readonly #logPath: string | null;
  #trusted = "[]";

  constructor(options: Partial<FrontOptions> = {}) {
    const { accessLog = null, mostClients = Number.POSITIVE_INFINITY } = options;
    this.#logPath = accessLog;
    this.admission = new Admission(defaultFront, mostClients);
  }

  /** Holds from the next connection, and from the next request of each, on. */
  apply(settings: FrontSettings = defaultFront): void {
    this.admission.room = settings;
    this.maxBodyBytes =
      settings.maxBodyBytes === 0 ? Number.POSITIVE_INFINITY : settings.maxBodyBytes;
    // Another object would make every connection look itself up again.
    const trusted = JSON.stringify(settings.trustedProxies);
    if (trusted !== this.#trusted) {
      this.#trusted = trusted;
      this.trust = new TrustedProxies(settings.trustedProxies);
    }
    if (settings.accessLog && this.#logPath !== null) {
      this.log ??= new AccessLog({ path: this.#logPath });
    } else {
      void this.close();
    }
  }

  /** Resolves when what is to be written down is written, as far as the disk takes it. */
  async close(): Promise<void> {
    const { log } = this;
    this.log = null;
    await log?.close();
  }
}
