// Runs one scenario of the SDK against an address, and prints what its user would have as JSON.
// node run.mjs <protocol> <scenario> <address> <key>
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const [protocol, scenario, address, apiKey] = process.argv.slice(2);
// The plan is for coding tools: it calls itself one, and has a session.
const headers = { "user-agent": "opencode/1.18.33", "x-session-id": `ai-sdk-${process.pid}` };
const models = {
  anthropic: () => createAnthropic({ baseURL: `${address}/api/anthropic/v1`, apiKey, headers })("glm-4.6"),
  chat: () => createOpenAI({ baseURL: `${address}/api/coding/paas/v4`, apiKey, headers }).chat("glm-4.6"),
  responses: () => createOpenAI({ baseURL: `${address}/api/v1`, apiKey, headers }).responses("glm-4.6"),
};
const model = models[protocol]();
const tools = {
  add: tool({
    description: "Adds two numbers",
    inputSchema: z.object({ a: z.number(), b: z.number() }),
    execute: async ({ a, b }) => ({ sum: a + b }),
  }),
};
// Answers are not kept, so items are sent whole and not by reference.
const kept = { openai: { store: false } };
const thinking = {
  anthropic: { thinking: { type: "enabled", budgetTokens: 2000 } },
  openai: { store: false, reasoningEffort: "high" },
};

function shown(result, steps) {
  return {
    text: result.text,
    reasoning: result.reasoningText ?? "",
    finish: result.finishReason,
    calls: steps.flatMap((step) => step.toolCalls.map(({ toolName, input }) => ({ toolName, input }))),
    results: steps.flatMap((step) => step.toolResults.map(({ output }) => output)),
    usage: { input: result.usage.inputTokens, output: result.usage.outputTokens },
    model: result.response?.modelId,
  };
}

async function streamed(options) {
  const errors = [];
  const result = streamText({ model, ...options, onError: ({ error }) => errors.push(String(error)) });
  let text = "";
  for await (const piece of result.textStream) text += piece;
  const whole = {
    text: await result.text,
    reasoningText: await result.reasoningText,
    finishReason: await result.finishReason,
    usage: await result.usage,
    response: await result.response,
  };
  return { ...shown(whole, await result.steps), streamed: text, errors };
}

const twoTurns = {
  prompt: "What are 1 + 2?",
  tools,
  stopWhen: stepCountIs(3),
  providerOptions: kept,
};
const scenarios = {
  generate: async () => {
    const result = await generateText({ model, prompt: "Say it" });
    return shown(result, result.steps);
  },
  stream: () => streamed({ prompt: "Say it" }),
  "generate-tools": async () => {
    const result = await generateText({ model, ...twoTurns });
    return shown(result, result.steps);
  },
  "stream-tools": () => streamed(twoTurns),
  thinking: () => streamed({ ...twoTurns, providerOptions: thinking }),
  structured: async () => {
    const output = Output.object({ schema: z.object({ city: z.string(), people: z.number() }) });
    const result = await generateText({ model, prompt: "Which city?", output });
    return { ...shown(result, result.steps), output: result.output };
  },
};

try {
  console.log(JSON.stringify(await scenarios[scenario]()));
} catch (error) {
  console.log(JSON.stringify({ error: String(error), body: error.responseBody ?? "" }));
  process.exitCode = 1;
}
