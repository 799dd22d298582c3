import type { Reporter, TestModule } from "vitest/node";

/**
 * Ends a test run with `N passed, N failed`, alone on the very last line. What fails outside a
 * test (a file that cannot be loaded, a hook, an unhandled error) counts as a failure too, so
 * that the line never reads greener than the exit code.
 */
export class ClosingLineReporter implements Reporter {
  #passed = 0;
  #failed = 0;

  /** Written at exit: whatever Vitest still says while it closes down comes before it. */
  onInit(): void {
    process.once("exit", (code) => {
      const failed = code !== 0 && this.#failed === 0 ? 1 : this.#failed;
      process.stdout.write(`${this.#passed} passed, ${failed} failed\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    this.#passed = tests.filter((test) => test.result().state === "passed").length;
    this.#failed =
      tests.filter((test) => test.result().state === "failed").length +
      suites.filter((suite) => suite.errors().length > 0).length +
      unhandledErrors.length;
  }
}
