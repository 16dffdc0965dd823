// Holds JSON feeds against the JSON Schema of JSON Feed 1.1 that the package jsonfeed-schema carries.
'use strict'
const Ajv = require('ajv')
const { each } = require('./documents')

const ajv = new Ajv({ allErrors: true })
require('ajv-formats')(ajv)
const valid = ajv.compile(require('jsonfeed-schema/v1.1'))

each(async (url, fetchText) => {
  const feed = JSON.parse(await fetchText(url))
  if (!valid(feed)) throw new Error(ajv.errorsText(valid.errors.slice(0, 5)))
  return { title: feed.title, items: [] }
})
