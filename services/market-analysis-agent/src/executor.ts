import type { AgentExecutor } from "@a2a-js/sdk/server";
import type { FastifyBaseLogger } from "fastify";
import { createTextExecutor } from "fastify-a2a";
import { analyzeMarket } from "./domain/analyze-market.ts";
import { readRequest } from "./domain/read-request.ts";
import { renderMarketReport } from "./report/market-report.ts";

/** Reads the question, analyses, answers in markdown. Who asks was settled before. */
export function marketAnalysisExecutor(options: {
  log: FastifyBaseLogger;
  now: () => number;
}): AgentExecutor {
  const { log, now } = options;
  return createTextExecutor({
    answer: async ({ text }) => {
      const question = readRequest(text);
      log.info({ kind: question.kind, months: question.timeframeMonths }, "analysing the market");
      return renderMarketReport(analyzeMarket(question, now()));
    },
    onError: (error) => log.error({ err: error }, "❌ the analysis failed"),
  });
}
