//! The dumps of ListenBrainz, MusicBrainz and AcousticBrainz, row by row, as they were downloaded.
