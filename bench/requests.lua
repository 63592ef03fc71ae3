-- The requests that wrk sends, for every case: wrk ... -s requests.lua URL -- TEMPLATE IDS PREFIX
--
-- TEMPLATE is a whole request in which {customer} and {key} are holes. Each request gets a random
-- customer out of the file IDS (one id a line), and a key that no other request of any thread or
-- any run has: PREFIX, the number of the thread, and a counter. PREFIX is random hexadecimal; keys
-- all have the same length, so that the template can say how long its body is.

local threads = 0

function setup(thread)
  thread:set("thread_number", threads)
  threads = threads + 1
end

function init(args)
  local template, file, prefix = args[1], args[2], args[3]
  ids, sent = {}, 0
  for id in io.lines(file) do
    ids[#ids + 1] = id
  end
  key_head = string.format("%s-%02d-", prefix, thread_number)
  -- Without this every thread would draw the same customers in the same order.
  math.randomseed(tonumber(prefix:sub(1, 7), 16) + thread_number * 7919)

  -- The texts between the holes are every other piece, beginning with the first.
  pieces, customer_at, key_at = {}, {}, {}
  local from = 1
  while true do
    local first, last, name = template:find("{(%a+)}", from)
    pieces[#pieces + 1] = template:sub(from, (first or 0) - 1)
    if not first then break end
    pieces[#pieces + 1] = ""
    local holes = name == "customer" and customer_at or key_at
    holes[#holes + 1] = #pieces
    from = last + 1
  end
end

function request()
  sent = sent + 1
  for i = 1, #customer_at do
    pieces[customer_at[i]] = ids[math.random(#ids)]
  end
  for i = 1, #key_at do
    pieces[key_at[i]] = key_head .. string.format("%010d", sent)
  end
  return table.concat(pieces)
end

-- One line that bench.py reads. Errors of status are answers with 400 and more.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'FIGURES {"requests": %d, "took_us": %d, "p50_us": %d, "p99_us": %d, "max_us": %d, '
      .. '"errors": {"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
    errors.connect, errors.read, errors.write, errors.timeout, errors.status))
end
