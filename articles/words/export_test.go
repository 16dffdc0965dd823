package words

// CandidatesQuery is the statement of [Candidates].
const CandidatesQuery = candidatesQuery
