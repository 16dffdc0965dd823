// Reads feeds as rss-parser does, over its own HTTP.
'use strict'
const Parser = require('rss-parser')
const { each, moment } = require('./documents')

each(async url => {
  const feed = await new Parser({ timeout: 20000 }).parseURL(url)
  return {
    title: feed.title,
    items: feed.items.map(i => ({ // only RSS has a guid, and two names for the whole text
      id: i.guid || i.id,
      title: i.title,
      link: i.link,
      published: moment(i.isoDate),
      authors: [i.creator || i.author].flat().filter(Boolean),
      categories: (i.categories || []).map(c => (typeof c === 'object' ? c.$.term : c)),
      summary: i.guid ? i.content : i.summary,
      html: i.guid ? i['content:encoded'] : i.content,
      enclosures: i.enclosure ? [{ url: i.enclosure.url, type: i.enclosure.type, length: Number(i.enclosure.length) }] : [],
    })),
  }
})
