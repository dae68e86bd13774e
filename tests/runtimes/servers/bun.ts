/** Started by Bun, with settings as its argument. */

import { protect } from "aauth/fetch";
import { handle } from "./handle.ts";
import { BOUNDS, createReports, requirementOf, type Settings } from "./reports.ts";

declare const Bun: {
  readonly argv: readonly string[];
  serve(options: {
    port: number;
    hostname: string;
    development: boolean;
    fetch(request: Request): Promise<Response>;
  }): unknown;
};

const settings: Settings = JSON.parse(Bun.argv[2]!);
const gate = protect(await createReports(settings), requirementOf(settings), handle, BOUNDS);
Bun.serve({
  port: settings.port!,
  hostname: "127.0.0.1",
  development: false,
  fetch: (request) => gate(request),
});
