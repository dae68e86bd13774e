import type { AgentExecutor } from "@a2a-js/sdk/server";
import { caller } from "agent-kit";
import { createTextExecutor } from "agent-kit/a2a";
import { withSpan } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import { SPAN } from "protocol-trace";
import type { AskMarketAnalysis } from "./clients/ask-market-analysis.ts";
import { analyzeRequest } from "./domain/analyze-request.ts";
import type { MarketAnalysis } from "./domain/market-analysis.ts";
import { recommend } from "./domain/recommend.ts";
import { optimizationData, renderOptimizationReport } from "./report/optimization-report.ts";

/** Analyses the request, asks the market-analysis agent if the request says so, answers in markdown and in data. */
export function optimizationExecutor(options: {
  log: FastifyBaseLogger;
  askMarketAnalysis: AskMarketAnalysis;
}): AgentExecutor {
  const { log, askMarketAnalysis } = options;
  return createTextExecutor({
    answer: ({ text, context }) =>
      withSpan(SPAN.supplyChainExecute, async () => {
        const analysis = analyzeRequest(text);
        log.info({ focusArea: analysis.focusArea, market: analysis.asksForMarketAnalysis }, "optimizing");
        const market: MarketAnalysis = analysis.asksForMarketAnalysis
          ? await withSpan(SPAN.supplyChainMarketAnalysis, () =>
              askMarketAnalysis(text, {
                caller: caller.from(context),
                upstreamToken: caller.upstreamToken(context),
                bringPerson: caller.bringPerson(context),
              }),
            )
          : { status: "not-asked" };
        return withSpan(SPAN.supplyChainInvoke, async () => {
          const report = { analysis, recommendations: recommend(analysis), market };
          return { text: renderOptimizationReport(report), data: optimizationData(report) };
        });
      }),
    onError: (error) => log.error({ err: error }, "❌ the optimization failed"),
  });
}
