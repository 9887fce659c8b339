-- Small calls as OpenCode sends them. Each has its own session and text, so each is a prompt of
-- its own: a reservation and a settlement.
local key = os.getenv("BENCH_KEY")
local path = os.getenv("BENCH_PATH")
local seed = os.getenv("BENCH_SEED")
local count = 0
wrk.method = "POST"
function request()
  count = count + 1
  local id = seed .. "-" .. count
  local headers = {
    ["Authorization"] = "Bearer " .. key,
    ["Content-Type"] = "application/json",
    ["User-Agent"] = "opencode/1.18.33 ai-sdk/provider-utils/4.0.23",
    ["x-session-id"] = "ses_" .. id,
  }
  local body = '{"model":"bench","messages":[{"role":"system","content":"You are opencode."},'
    .. '{"role":"user","content":"What does def add(a, b): return a + b do? ' .. id .. '"}],"stream":false}'
  return wrk.format("POST", path, headers, body)
end
