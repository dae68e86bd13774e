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

/** A page on which a person must act. */
export interface Page {
  /** Address for a browser. */
  readonly address: string;
  /** Origin of the party that the address belongs to. */
  readonly party: string;
}

/** Ends of the outputs of {@link createPages}. */
export interface PageOutputs {
  /** Opens an address in a browser. */
  readonly open: (address: string) => void;
  /** Prints a line. */
  readonly print: (line: string) => void;
}

/** Shows the pages of calls. A call is any object. */
export interface Pages {
  show(call: object, page: Page): void;
  /** The person has decided, or the call has ended. */
  end(call: object): void;
}

/**
 * Prints every page, and opens those of the person server, one at a time: the page of another call
 * once the call before it has ended. A server chooses the addresses of its pages, so others are for
 * the person to open. A further page of the same call is only printed.
 *
 * @param personServer identifier of the configured person server
 */
export function createPages(personServer: string, { open, print }: PageOutputs): Pages {
  let current: object | undefined;
  const waiting = new Map<object, string>();
  return {
    show(call, { address, party }) {
      // hole M11
      if (party !== personServer) {
        print(`${party} asks you to act on a page of its own, which is not opened for you: ${address}`);
        return;
      }
      print(`open ${address}`);
      // hole M12
      if (current !== undefined) {
        if (current !== call) waiting.set(call, address);
        return;
      }
      current = call;
      open(address);
    },
    end(call) {
      waiting.delete(call);
      if (current !== call) return;
      const [next] = waiting;
      current = next?.[0];
      if (next === undefined) return;
      waiting.delete(next[0]);
      open(next[1]);
    },
  };
}

/** Control and format characters, line and paragraph separators, and unpaired surrogates. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** A string that others have chosen as one line for a terminal, such as `\u{202e}`. */
export function visibleLine(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
