import { buildSingleFile } from "./single-file.ts";

/**
 * Builds the page "Why was this refused?". It may fetch keys, and its script asks before it does.
 */
export const buildWhyPage = (): Promise<string> =>
  buildSingleFile({
    entry: "why-main.tsx",
    title: "Why was this refused? · AAuth",
    body: '<div id="root"><noscript>This page needs JavaScript. It sends nothing anywhere.</noscript></div>',
    connect: "https:",
    isPacked: true,
  });
