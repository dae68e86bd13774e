import { SERVICE_NAME } from "protocol-trace/names";
import type { Step } from "./walkthrough-steps.ts";

const REQUEST = /(GET|POST) (\S+|auth server) (hwk|jwks|jwt) (\d{3})/g;

/** What the visitor of `npm run levels` did, as the command tells it: the visitor writes no spans. */
export function levelSteps(output: string): Step[] {
  let answer = "";
  return output.split("\n").flatMap((line) => {
    if (line.includes("answered, then")) answer = line;
    return [...line.matchAll(REQUEST)].flatMap(([, method, path, scheme, status]) => {
      const isAuthServer = path === "auth server";
      const to = isAuthServer ? SERVICE_NAME.authServer : SERVICE_NAME.supplyChainAgent;
      const url = isAuthServer ? "/protocol/aauth/agent/token" : path!;
      const about = { method: method!, url, scheme: scheme!, micros: 0 };
      return [
        { ...about, from: "visitor", to, isAnswer: false, text: "" },
        { ...about, from: to, to: "visitor", isAnswer: true, status: Number(status), text: answer },
      ];
    });
  });
}
