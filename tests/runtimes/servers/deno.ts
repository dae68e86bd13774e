/** Started by Deno, with settings as its argument. */

import { protect } from "aauth/fetch";
import { handle } from "./handle.ts";
import { BOUNDS, createReports, requirementOf, type Settings } from "./reports.ts";

declare const Deno: {
  readonly args: readonly string[];
  serve(
    options: { port: number; hostname: string },
    handler: (request: Request) => Promise<Response>,
  ): unknown;
};

const settings: Settings = JSON.parse(Deno.args[0]!);
const gate = protect(await createReports(settings), requirementOf(settings), handle, BOUNDS);
Deno.serve({ port: settings.port!, hostname: "127.0.0.1" }, (request) => gate(request));
