//! Trading hours: times of day of the configuration become journaled commands of the actor
//! `schedule`. `timetable` knows times and zones, `agenda` what is due for which instrument and
//! was not done yet; here it is done, at the desk, like anybody's. In: configuration and time.

pub mod agenda;
pub mod timetable;
