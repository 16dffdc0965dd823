// What the readers for Node have in common: addresses come in on standard input, one a line, and for each a line of JSON
// goes out, {"url", "title", "items", "error"}, in any order. read gets an address and its text, and returns the title and
// items, or throws.
'use strict'

const parallel = 4

async function fetchText(url) {
  const answer = await fetch(url)
  if (answer.status !== 200) throw new Error(`status ${answer.status}`)
  return answer.text()
}

exports.each = async read => {
  const chunks = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  const urls = Buffer.concat(chunks).toString().split('\n').filter(Boolean)
  const worker = async () => {
    for (let url; (url = urls.shift());) {
      let line
      try {
        line = { url, ...await read(url, fetchText) }
      } catch (error) {
        line = { url, error: String(error) }
      }
      process.stdout.write(JSON.stringify(line) + '\n')
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}

// moment is a date as RFC 3339, '' for none; what is no date is shown as it is, so that the test stumbles over it.
exports.moment = value => {
  if (!value) return ''
  const at = new Date(value)
  return isNaN(at) ? String(value) : at.toISOString()
}
