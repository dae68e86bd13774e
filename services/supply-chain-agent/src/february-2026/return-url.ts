import { AAuthError, type Discovery } from "aauth";
import { february2026 } from "aauth/february-2026";

/**
 * Whether a user may be sent to this URL: one of the calling agent's published `redirect_uris`,
 * with any query, and https except in development. Any other URL would make this page an open
 * redirect.
 */
export async function isReturnUrlOf(
  agent: string,
  returnUrl: string,
  { discovery, development }: { discovery: Discovery; development: boolean },
): Promise<boolean> {
  const url = URL.parse(returnUrl);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  if (url.protocol !== "https:" && !(development && url.protocol === "http:")) return false;
  url.search = "";
  try {
    return (
      (await discovery.metadata(february2026.documents.kinds.agent, agent)).redirect_uris?.includes(
        url.href,
      ) ?? false
    );
  } catch (error) {
    if (error instanceof AAuthError) return false;
    throw error;
  }
}
