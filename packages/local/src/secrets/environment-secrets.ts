import type { SecretSource } from "@hitless/core";

/** Secrets from the controller's own environment. */
export class EnvironmentSecrets implements SecretSource {
  private readonly environment: Readonly<Record<string, string | undefined>>;

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.environment = environment;
  }

  async read(name: string): Promise<string | undefined> {
    return this.environment[name];
  }
}
