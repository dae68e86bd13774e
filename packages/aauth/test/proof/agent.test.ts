import { agentSuite } from "./agent-suite.ts";
import { draft11Kit, februaryKit, renamedKit } from "./dialects.ts";
import { consentSuite, deferredSuite } from "./waiting-suite.ts";

for (const kit of [draft11Kit, februaryKit, renamedKit]) agentSuite(kit);
for (const kit of [draft11Kit, februaryKit]) {
  deferredSuite(kit);
  consentSuite(kit);
}
