import { config } from "zod";

// zod compiles schemas with `new Function` if allowed, and probes for that when a schema is
// created. The page's content security policy forbids it, so each probe would log a console error.
// This module must be imported first.
config({ jitless: true });
