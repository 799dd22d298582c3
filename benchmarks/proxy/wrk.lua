-- wrk -s wrk.lua URL -- METHOD BODY_BYTES [NAME VALUE ...]; prints one line of JSON last.
function init(args)
  wrk.method = args[1]
  local length = tonumber(args[2])
  if length > 0 then wrk.body = string.rep("x", length) end
  for i = 3, #args, 2 do wrk.headers[args[i]] = args[i + 1] end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.6f,"socketErrors":%d,"badStatus":%d,"p50Ms":%.3f,"p99Ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.timeout, e.status,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
