import { FakeSubject } from "./subjects/fake-subject.ts";
import { engineConformance } from "./suite.ts";

engineConformance("the fake engine", {
  make: async () => new FakeSubject(),
  close: async () => undefined,
});
