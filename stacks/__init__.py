"""What ``cdktf deploy NAME`` names: settings in, one Terraform stack a team environment out."""
