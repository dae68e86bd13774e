import { spawn } from "node:child_process";

/** Program of each platform that opens an address, and its arguments before it. */
const OPENERS: Readonly<Record<string, readonly [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};

/**
 * Opens a page in the person's browser, if there is one, without a shell.
 *
 * @param page URL; only http and https are opened
 */
export function openPage(page: string): void {
  const { protocol, href } = new URL(page);
  if (protocol !== "https:" && protocol !== "http:") return;
  const [program, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  const child = spawn(program, [...args, href], { stdio: "ignore", detached: true });
  // The address is printed as well.
  child.on("error", () => {});
  child.unref();
}
