import { februaryKit, sharedFieldKit, toyKit } from "./kit.ts";
import { verifierSuite } from "./verifier-suite.ts";

for (const kit of [februaryKit, toyKit, sharedFieldKit]) verifierSuite(kit);
