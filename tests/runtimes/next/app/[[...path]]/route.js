/** The gate of fetch as a route handler of Next, for all paths. */

import { protect } from "aauth/fetch";
import { handle } from "../../servers/handle.ts";
import { BOUNDS, createReports, requirementOf } from "../../servers/reports.ts";

/** A build has no settings. */
let gate;
async function createGate() {
  const settings = JSON.parse(process.env.SETTINGS);
  return protect(await createReports(settings), requirementOf(settings), handle, BOUNDS);
}

async function serve(request) {
  gate ??= createGate();
  return (await gate)(request);
}

export { serve as DELETE, serve as GET, serve as PATCH, serve as POST, serve as PUT };
