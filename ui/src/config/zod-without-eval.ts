import { config } from "zod";

// zod compiles schemas with `new Function` where it may, and probes for it when a schema is made.
// The page's content security policy forbids that, and each probe would be reported in the console.
// Hence first of all imports.
config({ jitless: true });
