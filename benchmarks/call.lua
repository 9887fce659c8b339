-- Small calls as OpenCode sends them. So many in a row have one session and text, and are one
-- prompt; each call has a reservation and a settlement of its own.
local key = os.getenv("BENCH_KEY")
local path = os.getenv("BENCH_PATH")
local seed = os.getenv("BENCH_SEED")
local per_session = tonumber(os.getenv("BENCH_CALLS_PER_SESSION"))
local count = 0
wrk.method = "POST"
function request()
  local id = seed .. "-" .. math.floor(count / per_session)
  count = count + 1
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
