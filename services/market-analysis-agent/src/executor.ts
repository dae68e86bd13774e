import type { AgentExecutor } from "@a2a-js/sdk/server";
import { createTextExecutor } from "aauth-a2a";
import { caller } from "agent-kit";
import { withSpan } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import { SPAN } from "protocol-trace";
import { analyzeMarket } from "./domain/analyze-market.ts";
import { readRequest } from "./domain/read-request.ts";
import { commissionOf } from "./report/commission.ts";
import { marketFigures } from "./report/market-figures.ts";
import { renderMarketReport } from "./report/market-report.ts";

/**
 * Reads the question and answers in Markdown and data. Callers are already authorized; the answer
 * names the caller.
 */
export function marketAnalysisExecutor(options: {
  log: FastifyBaseLogger;
  now: () => number;
}): AgentExecutor {
  const { log, now } = options;
  return createTextExecutor({
    answer: ({ text, context }) =>
      withSpan(SPAN.marketAnalysisExecute, async () => {
        const question = readRequest(text);
        log.info({ kind: question.kind, months: question.timeframeMonths }, "analysing the market");
        const commission = commissionOf(caller.from(context));
        return withSpan(SPAN.marketAnalysisInvoke, async () => {
          const analysis = await withSpan(SPAN.marketAnalysisProcess, async () =>
            analyzeMarket(question, now()),
          );
          return { text: renderMarketReport(analysis, commission), data: marketFigures(analysis) };
        });
      }),
  });
}
