import { SERVED, seen } from "./reports.ts";

/** The handler behind the gate of fetch. */
export async function handle(request: Request): Promise<Response> {
  if (new URL(request.url).pathname === "/fail") throw new Error("of the handler");
  return Response.json(seen(request.method, await request.text()), { headers: { [SERVED]: "yes" } });
}
