import { LocalSubjects } from "./subjects/local-subject.ts";
import { engineConformance } from "./suite.ts";

engineConformance("the engine of one machine", new LocalSubjects());
