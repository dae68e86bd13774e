import { agentSuite, consentSuite, deferredSuite } from "./agent-suite.ts";
import { februaryKit, toyKit } from "./kit.ts";

for (const kit of [februaryKit, toyKit]) agentSuite(kit);
deferredSuite(toyKit);
consentSuite(februaryKit);
