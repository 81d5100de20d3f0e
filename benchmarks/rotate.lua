-- For wrk: posts the bodies of a file, one a line, in turn.
local requests = {}
local turn = 0

function init(arguments)
  for body in io.lines(arguments[1]) do
    local headers = { ["Content-Type"] = "application/json", ["Host"] = wrk.headers["Host"] }
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end
