import type { AgentExecutor } from "@a2a-js/sdk/server";
import { createTextExecutor } from "aauth-a2a";
import { caller } from "agent-kit";
import { withSpan } from "agent-kit/service";
import type { FastifyBaseLogger } from "fastify";
import { SPAN } from "protocol-trace";
import type { AskMarketAnalysis } from "./clients/ask-market-analysis.ts";
import { analyzeRequest } from "./domain/analyze-request.ts";
import type { MarketAnalysis } from "./domain/market-analysis.ts";
import { recommend } from "./domain/recommend.ts";
import { optimizationData, renderOptimizationReport } from "./report/optimization-report.ts";

/**
 * Analyses the request, asks the market-analysis agent if requested, and answers in Markdown and
 * data.
 */
export function optimizationExecutor(options: {
  log: FastifyBaseLogger;
  askMarketAnalysis: AskMarketAnalysis;
}): AgentExecutor {
  const { log, askMarketAnalysis } = options;
  return createTextExecutor({
    answer({ text, context }) {
      const person = caller.person(context);
      const isFailure = () => !person?.isInterrupted();
      const asker = { caller: caller.from(context), upstreamToken: caller.upstreamToken(context), person };
      const work = async () => {
        const analysis = analyzeRequest(text);
        if (person?.waiting === undefined) {
          log.info({ focusArea: analysis.focusArea, market: analysis.asksForMarketAnalysis }, "optimizing");
        }
        const market: MarketAnalysis = analysis.asksForMarketAnalysis
          ? await withSpan(SPAN.supplyChainMarketAnalysis, () => askMarketAnalysis(text, asker), {
              isFailure,
            })
          : { status: "not-asked" };
        return withSpan(SPAN.supplyChainInvoke, async () => {
          const report = { analysis, recommendations: recommend(analysis), market };
          return { text: renderOptimizationReport(report), data: optimizationData(report) };
        });
      };
      return withSpan(SPAN.supplyChainExecute, work, { isFailure }).catch((error) => {
        // An interrupted attempt must not answer.
        if (isFailure()) throw error;
        return "";
      });
    },
  });
}
