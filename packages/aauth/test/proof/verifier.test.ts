import { draft11Kit, februaryKit, renamedKit } from "./dialects.ts";
import { verifierSuite } from "./verifier-suite.ts";

for (const kit of [draft11Kit, februaryKit, renamedKit]) verifierSuite(kit);
