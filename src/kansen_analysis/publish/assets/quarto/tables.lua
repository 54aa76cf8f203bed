-- What Quarto leaves out of a pipe table: which way its headers point, and a box that scrolls when
-- the table is wider than a phone. Runs after Quarto's own filters have numbered it.

function Table(el)
  for _, row in ipairs(el.head.rows) do
    for _, header in ipairs(row.cells) do
      header.attr.attributes.scope = "col"
    end
  end
  return {
    pandoc.RawBlock("html", '<div class="table-scroll" role="group" aria-label="Tabel" tabindex="0">'),
    el,
    pandoc.RawBlock("html", "</div>"),
  }
end
