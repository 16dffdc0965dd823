// Reads feeds as npm's feedparser does, which is a stream.
'use strict'
const { Readable } = require('stream')
const FeedParser = require('feedparser')
const { each, moment } = require('./documents')

const parse = (url, text) => new Promise((resolve, reject) => {
  const parser = new FeedParser({ feedurl: url, addmeta: false, resume_saxerror: false })
  const items = []
  parser.on('error', reject)
  parser.on('data', i => items.push({
    id: i.guid,
    title: i.title,
    link: i.link,
    published: moment(i.pubdate),
    updated: moment(i.date),
    authors: [i.author].filter(Boolean),
    categories: i.categories,
    summary: i.summary,
    html: i.description,
    enclosures: i.enclosures.map(e => ({ url: e.url, type: e.type, length: Number(e.length) })),
  }))
  parser.on('end', () => resolve({ title: parser.meta.title, items }))
  Readable.from([text]).pipe(parser)
})

each(async (url, fetchText) => parse(url, await fetchText(url)))
