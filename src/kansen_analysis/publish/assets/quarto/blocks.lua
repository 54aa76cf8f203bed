-- Before Quarto reads a page in its own way: callouts, tabsets and folds become the same HTML as with the embedded
-- engine, so that one style sheet and one script serve both.

local shared = dofile(quarto.utils.resolve_path("../shared.lua"))

-- headings in them are no sections of the page
local function outside_sections(el)
  return el:walk({
    Header = function(header)
      header.classes:extend({ "unnumbered", "unlisted" })
      return header
    end,
  })
end

function Div(el)
  local class = el.classes[1]
  if shared.CALLOUTS[class] then
    return shared.callout(outside_sections(el), class)
  elseif class == "panel-tabset" then
    return shared.tabset(outside_sections(el), function() end)
  elseif class == "voor-onderzoekers" then
    return shared.researchers(outside_sections(el))
  end
end
