//! Where an address is: country and network, from files on this machine.
